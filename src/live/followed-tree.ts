/** The tree of a tenant as far as it is known, and whoever waits for it to grow. */
export class FollowedTree {
  private leaves = 0;
  private readonly waiting = new Set<() => void>();

  /** How many leaves it has at least; what they stand for is committed. */
  get size(): number {
    return this.leaves;
  }

  /** Takes note of a size that it has. */
  grow(size: number): void {
    if (size <= this.leaves) return;
    this.leaves = size;
    for (const goOn of this.waiting) goOn();
  }

  /** Resolves when it has grown, when the time is over (in milliseconds), or when `over` tells. */
  async grown(timeMs: number, over: AbortSignal): Promise<void> {
    if (over.aborted || timeMs <= 0) return;
    await new Promise<void>(done => {
      const goOn = () => {
        clearTimeout(timer);
        over.removeEventListener('abort', goOn);
        this.waiting.delete(goOn);
        done();
      };
      const timer = setTimeout(goOn, timeMs);
      over.addEventListener('abort', goOn);
      this.waiting.add(goOn);
    });
  }
}
