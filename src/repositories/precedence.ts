/** Longest time that long work stands back between two of its steps, in milliseconds: it must get on too. */
const LONGEST_WAIT_MS = 10;

/** Lets what somebody waits for go before work that takes long anyway, on one event loop. */
export class Precedence {
  private urgent = 0;
  private readonly waiting = new Set<() => void>();

  /** Runs work that goes first. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.urgent += 1;
    try {
      return await work();
    } finally {
      this.urgent -= 1;
      if (this.urgent === 0) for (const goOn of this.waiting) goOn();
    }
  }

  /** Resolves when nothing goes first any more, and after 10 ms at the latest. */
  async giveWay(): Promise<void> {
    if (this.urgent === 0) return;
    await new Promise<void>(done => {
      const goOn = () => {
        clearTimeout(timer);
        this.waiting.delete(goOn);
        done();
      };
      const timer = setTimeout(goOn, LONGEST_WAIT_MS);
      this.waiting.add(goOn);
    });
  }

  /** Pages one by one, giving way before each that follows. */
  async *pace<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const page of pages) {
      yield page;
      await this.giveWay();
    }
  }
}
