import type {Transaction} from '@loopback/repository';

type CommitEvent = 'before commit' | 'after commit';
type Listener = (context: object, next: (error?: unknown) => void) => void;

/** Juggler's transactions tell those who observe them of their end; `next` with an error refuses the commit. */
interface ObservableTransaction {
  connector: {rollback(connection: object, done: () => void): void};
  connection: object;
  commit(): Promise<void>;
  observe?(event: CommitEvent, listener: Listener): void;
}

/**
 * Runs `work` when the transaction is committed, which waits for it; never, where it is rolled back. The COMMIT of a
 * transaction in which a statement has failed rolls back and tells nobody (PostgreSQL): it is asked before.
 *
 * @param ask runs a statement in the transaction, which fails where nothing will be committed
 */
export function afterCommit(
  transaction: Transaction,
  work: () => Promise<void>,
  ask?: () => Promise<unknown>,
): void {
  const fate = ask && fateOf(transaction, ask);
  observe(transaction, 'after commit', (_context, next) => {
    void (fate?.isLost ? Promise.resolve() : work()).finally(() => next());
  });
}

/** What a commit will come to, as far as it was asked. */
interface Fate {
  isLost: boolean;
}

const fates = new WeakMap<Transaction, Fate>();

/** Has it asked, once, before a transaction is committed, whether that still stands. */
function fateOf(transaction: Transaction, ask: () => Promise<unknown>): Fate {
  const known = fates.get(transaction);
  if (known) return known;
  const fate: Fate = {isLost: false};
  fates.set(transaction, fate);
  observe(transaction, 'before commit', (_context, next) => {
    ask()
      .catch(() => {
        fate.isLost = true;
      })
      .finally(() => next());
  });
  return fate;
}

/**
 * Runs `work` when the transaction is about to be committed; never, where it is rolled back. Where `work` fails
 * the transaction is rolled back, and its commit rejects with the error.
 */
export function beforeCommit(transaction: Transaction, work: () => Promise<void>): void {
  const {connector, connection} = transaction as unknown as ObservableTransaction;
  observe(transaction, 'before commit', (_context, next) => {
    work().then(
      () => next(),
      // Juggler forgets the connection of a commit that was refused.
      error => connector.rollback(connection, () => next(error)),
    );
  });
}

function observe(transaction: Transaction, event: CommitEvent, listener: Listener): void {
  const observable = transaction as unknown as ObservableTransaction;
  if (!observable.observe) teach(observable);
  observable.observe?.(event, listener);
}

/**
 * Lets a transaction be observed that juggler has not taught: its connector came with another version of
 * `loopback-connector` than juggler's own.
 */
function teach(transaction: ObservableTransaction): void {
  const listeners: Record<CommitEvent, Listener[]> = {'before commit': [], 'after commit': []};
  const tell = async (event: CommitEvent) => {
    for (const listener of listeners[event]) {
      await new Promise<void>((resolve, reject) =>
        listener({}, error => (error === undefined ? resolve() : reject(error))),
      );
    }
  };
  const commit = transaction.commit;
  transaction.observe = (event, listener) => listeners[event].push(listener);
  transaction.commit = async () => {
    await tell('before commit');
    await commit.call(transaction);
    await tell('after commit');
  };
}
