import {AsyncLocalStorage} from 'node:async_hooks';

/** The repositories that are in the midst of a recorded operation, seen from inside of it. */
const underWay = new AsyncLocalStorage<ReadonlySet<object>>();

/** Whether the code that asks runs inside a recorded operation of this repository. */
export const isInsideOperation = (repository: object): boolean =>
  underWay.getStore()?.has(repository) ?? false;

/** Runs `work` as one operation of the repository: what it calls of the same repository is a part of it. */
export const asOperation = <T>(repository: object, work: () => Promise<T>): Promise<T> =>
  underWay.run(new Set([...(underWay.getStore() ?? []), repository]), work);
