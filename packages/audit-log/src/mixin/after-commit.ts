import type {Transaction} from '@loopback/repository';

/** Juggler's transactions tell those who observe them of their end. */
interface ObservableTransaction {
  observe(event: 'after commit', listener: (context: object, next: () => void) => void): void;
}

/** Runs `work` when the transaction is committed, which waits for it; never, where it is rolled back. */
export function afterCommit(transaction: Transaction, work: () => Promise<void>): void {
  (transaction as unknown as ObservableTransaction).observe('after commit', (_context, next) => {
    void work().finally(next);
  });
}
