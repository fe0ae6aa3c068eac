import type {ExaminedEntry} from './examine-entry';
import {TILE_WIDTH} from './tile';

/** Damaged tiles for which the entries are kept; 256 entries each. */
const KEPT = 64;

/** The entries whose tile cannot be trusted: all of a tile together may show what it was. */
export class UnprovedTiles {
  private readonly kept = new Map<number, ExaminedEntry[]>();

  /** Keeps an entry whose index is in a tile of leaves that is damaged. Answers whether there was room. */
  keep(index: number, entry: ExaminedEntry): boolean {
    const tile = Math.floor(index / TILE_WIDTH);
    const entries = this.kept.get(tile) ?? [];
    if (entries.length >= 2 * TILE_WIDTH || (entries.length === 0 && this.kept.size >= KEPT)) return false;
    entries.push(entry);
    this.kept.set(tile, entries);
    return true;
  }

  /**
   * Each tile with its entries, and the hashes that their leaves make of it, where there is an entry for each. The last
   * tile comes first: as a part of the root it may be what proves the others.
   */
  *tiles(): Generator<{tile: number; entries: ExaminedEntry[]; hashes: Buffer}> {
    for (const [tile, entries] of [...this.kept].sort(([a], [b]) => b - a)) {
      const leaves: Buffer[] = [];
      for (const {index = 0, leaf} of entries) if (leaf) leaves[index % TILE_WIDTH] ??= leaf;
      const isWhole = Object.keys(leaves).length === leaves.length;
      yield {tile, entries, hashes: isWhole ? Buffer.concat(leaves) : Buffer.alloc(0)};
    }
  }
}
