import type {Transaction} from '@loopback/repository';

/** Juggler's transactions tell those who observe them of their end; `next` with an error refuses the commit. */
interface ObservableTransaction {
  connector: {rollback(connection: object, done: () => void): void};
  connection: object;
  observe(
    event: 'before commit' | 'after commit',
    listener: (context: object, next: (error?: unknown) => void) => void,
  ): void;
}

/** Runs `work` when the transaction is committed, which waits for it; never, where it is rolled back. */
export function afterCommit(transaction: Transaction, work: () => Promise<void>): void {
  (transaction as unknown as ObservableTransaction).observe('after commit', (_context, next) => {
    void work().finally(() => next());
  });
}

/**
 * Runs `work` when the transaction is about to be committed; never, where it is rolled back. Where `work` fails
 * the transaction is rolled back, and its commit rejects with the error.
 */
export function beforeCommit(transaction: Transaction, work: () => Promise<void>): void {
  const observable = transaction as unknown as ObservableTransaction;
  observable.observe('before commit', (_context, next) => {
    work().then(
      () => next(),
      // Juggler forgets the connection of a commit that was refused.
      error => observable.connector.rollback(observable.connection, () => next(error)),
    );
  });
}
