import {AsyncLocalStorage} from 'node:async_hooks';

/** A recorded operation of a repository; what it leaves running behind is no part of it any more. */
interface Operation {
  repository: object;
  isOver: boolean;
  within: Operation | undefined;
}

const current = new AsyncLocalStorage<Operation>();

/** Whether the code that asks runs inside a recorded operation of this repository. */
export function isInsideOperation(repository: object): boolean {
  for (let operation = current.getStore(); operation; operation = operation.within) {
    if (operation.repository === repository && !operation.isOver) return true;
  }
  return false;
}

/** Runs `work` as one operation of the repository: what it calls of the same repository is a part of it. */
export async function asOperation<T>(repository: object, work: () => Promise<T>): Promise<T> {
  const operation: Operation = {repository, isOver: false, within: current.getStore()};
  try {
    return await current.run(operation, work);
  } finally {
    operation.isOver = true;
  }
}
