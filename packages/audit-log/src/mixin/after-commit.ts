import type {Transaction} from '@loopback/repository';

/** Juggler's transactions tell those who observe them of their end. */
interface ObservableTransaction {
  observe(event: 'after commit', listener: (context: object, next: () => void) => void): void;
}

/** Work that waits for a change to be committed, and is forgotten where it is not. */
export class AfterCommit {
  private readonly works: (() => Promise<void>)[] = [];

  add(work: () => Promise<void>): void {
    this.works.push(work);
  }

  /** Leaves it to a transaction of somebody else's to run the work, when it commits. */
  follow(transaction: Transaction): void {
    (transaction as unknown as ObservableTransaction).observe('after commit', (_context, next) => {
      void this.run().finally(next);
    });
  }

  /** Runs the work. */
  async run(): Promise<void> {
    for (const work of this.works.splice(0)) await work();
  }
}
