import type {ExaminedEntry} from './examine-entry';

/** Entries that are kept until it is known where else their leaves may be. */
const KEPT = 20_000;

/** Entries that do not make the leaf at the place they give, and the places where their leaves really are. */
export class Suspects {
  private readonly entries: ExaminedEntry[] = [];
  private readonly places = new Map<string, number>();

  /** Answers whether there was room for the entry. */
  keep(entry: ExaminedEntry): boolean {
    if (this.entries.length >= KEPT) return false;
    this.entries.push(entry);
    return true;
  }

  get any(): boolean {
    return this.entries.length > 0;
  }

  /** Prepares to be told of leaves by {@link meet}. */
  expectLeaves(): void {
    for (const {leaf} of this.entries) if (leaf) this.places.set(keyOf(leaf), -1);
  }

  /** Is told of a leaf of the tree. */
  meet(index: number, leaf: Buffer): void {
    const key = keyOf(leaf);
    if (this.places.get(key) === -1) this.places.set(key, index);
  }

  /** The suspects, each with the index that its leaf has in the tree, if it is there. */
  *judged(): Generator<{entry: ExaminedEntry; place: number | undefined}> {
    for (const entry of this.entries) {
      const place = entry.leaf ? (this.places.get(keyOf(entry.leaf)) ?? -1) : -1;
      yield {entry, place: place < 0 ? undefined : place};
    }
  }
}

const keyOf = (hash: Buffer): string => hash.toString('latin1');
