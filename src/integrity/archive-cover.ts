/** What the database records of an archive file: how many entries it holds, and between which leaves. */
export interface RecordedArchive {
  entries: number;
  first: number;
  last: number;
}

/** Tells which archived leaves recorded archives can hold: each holds as many as it says, between its leaves. */
export class ArchiveCover {
  private readonly waiting: RecordedArchive[];
  /** Archives with room that have begun, the one that ends next first. */
  private readonly open: RecordedArchive[] = [];

  constructor(archives: readonly RecordedArchive[]) {
    this.waiting = archives.map(archive => ({...archive})).sort((a, b) => b.first - a.first);
  }

  /** Whether an archive has room for this leaf; to be asked of leaves in ascending order. */
  take(leaf: number): boolean {
    for (let next = this.waiting.at(-1); next && next.first <= leaf; next = this.waiting.at(-1)) {
      this.waiting.pop();
      const {last} = next;
      const behind = this.open.findIndex(archive => archive.last > last);
      this.open.splice(behind < 0 ? this.open.length : behind, 0, next);
    }
    while (this.open[0] && (this.open[0].last < leaf || this.open[0].entries <= 0)) this.open.shift();
    const [soonest] = this.open;
    if (!soonest) return false;
    soonest.entries--;
    return true;
  }
}
