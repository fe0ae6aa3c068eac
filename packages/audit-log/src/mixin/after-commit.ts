import type {Transaction} from '@loopback/repository';

/** Juggler's transactions tell those who observe them of their end. */
interface ObservableTransaction {
  observe(event: 'after commit', listener: (context: object, next: () => void) => void): void;
}

/** Work that waits for a change to be committed, and is forgotten where it is not. */
export class AfterCommit {
  private readonly works: (() => Promise<void>)[] = [];

  constructor(
    transaction?: Transaction,
    private readonly owned = true,
  ) {
    if (transaction && !owned) {
      // The caller commits: the work goes on by itself, for nobody of ours is there to wait for it.
      (transaction as unknown as ObservableTransaction).observe('after commit', (_context, next) => {
        this.run().finally(next);
      });
    }
  }

  add(work: () => Promise<void>): void {
    this.works.push(work);
  }

  /** To be called when an operation that committed by itself has done so. */
  async settle(): Promise<void> {
    if (this.owned) await this.run();
  }

  private async run(): Promise<void> {
    for (const work of this.works.splice(0)) await work();
  }
}
