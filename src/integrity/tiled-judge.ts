import {type EntryJudge, judgeOlder, named, type OlderTree} from './entry-judge';
import {Erasures} from './erasures';
import type {ExaminedEntry} from './examine-entry';
import {Findings} from './findings';
import {IndexSet} from './index-set';
import type {ProvedTiles} from './proved-tiles';
import {Suspects} from './suspects';
import {hashIn, TILE_WIDTH, type TileSpan, widthOf} from './tile';
import {UnprovedTiles} from './unproved-tiles';

export interface TiledJudgeOptions {
  tiles: ProvedTiles;
  findings: Findings;
  /** Whether every leaf must have its entry. */
  complete: boolean;
  /** Checkpoints that vouch for the tree, the smallest first: what comes after all that agree with it is not shown. */
  signed: readonly OlderTree[];
  /** What an entry is whose index is beyond the tree. */
  beyond: 'tail unknown' | 'inserted';
  older: readonly OlderTree[];
}

/** Tiles that may be lacking before the rest of them is not looked for: a tree may claim to be of any size. */
export const LACKING = 1_000;

/** How a damaged tile is told of. */
export const tileDamage = ({level, index, width}: TileSpan) => {
  const leaves = TILE_WIDTH ** level;
  const first = index * TILE_WIDTH * leaves;
  return {
    kind: 'tree damaged',
    leaves: [first, first + width * leaves - 1],
    detail: `tile ${level}/${index} is not that of the tree`,
  } as const;
};

/** Leaves that the largest checkpoint covers which agrees with the tree. */
async function signedSize(tiles: ProvedTiles, signed: readonly OlderTree[]): Promise<number> {
  for (const {size, root} of signed.toReversed()) {
    if ((await tiles.rootAt(size))?.equals(root)) return size;
  }
  return 0;
}

/** How many of the leaves come after the first `size`. */
function countBeyond(leaves: IndexSet, size: number): number {
  let count = 0;
  for (const [first, last] of leaves.ranges()) count += Math.max(0, last + 1 - Math.max(first, size));
  return count;
}

/** Holds entries against the tiles of their tree, which name each that is at fault. */
export class TiledJudge implements EntryJudge {
  entries = 0;
  proved = 0;
  readonly findings: Findings;
  /** Leaves whose entries were met, be they proved or known to be altered. */
  private readonly met = new IndexSet();
  private readonly suspects = new Suspects();
  private readonly unproved = new UnprovedTiles();
  private readonly erasures = new Erasures();
  private tail = 0;
  /** Leaves of which the hash alone was given: it is that of the tree, and what the entry says is elsewhere. */
  private readonly withheld = new IndexSet();
  /** Leaves that are signed, as far as is known until every tile has been mended that can be. */
  private signed: number;
  /** Whether there are entries of which only the hash is known: what they record is not. */
  private isSealed = false;

  constructor(private readonly options: TiledJudgeOptions) {
    this.findings = options.findings;
    this.signed = options.signed.at(-1)?.size ?? 0;
  }

  add(entry: ExaminedEntry): Promise<void> | undefined {
    this.entries++;
    const {tiles} = this.options;
    const {index} = entry;
    if (index === undefined || index >= tiles.tree.size) {
      this.suspect(entry);
      return undefined;
    }
    const number = Math.floor(index / TILE_WIDTH);
    const tile = tiles.atHand(number);
    if (tile) {
      this.compare(entry, index, tile);
      return undefined;
    }
    return tiles.tile({level: 0, index: number}).then(read => {
      if (read) this.compare(entry, index, read);
      else if (!this.unproved.keep(index, entry)) this.met.add(index);
    });
  }

  async finish(): Promise<void> {
    const {findings} = this;
    const {tiles, complete, older, beyond} = this.options;
    await this.judgeUnproved();
    if (!tiles.isAnchored) {
      findings.add({kind: 'tree damaged', detail: 'the tiles do not make the root of the tree'});
      this.proved = 0;
    }
    if (this.suspects.any) await this.judgeSuspects();
    let missing = 0;
    if (complete) {
      for (const leaves of this.met.gaps(tiles.tree.size)) {
        const count = leaves[1] - leaves[0] + 1;
        missing += count;
        findings.add({kind: 'missing', leaves}, count);
      }
    }
    this.judgeWithheld();
    await this.judgeTail();
    this.erasures.judge(findings, complete && missing === 0 && !this.isSealed);
    const larger = beyond === 'inserted' ? 'inconsistent checkpoints' : 'history not shown';
    await judgeOlder(older, tiles.tree.size, size => tiles.rootAt(size), findings, larger);
  }

  /** Entries of the tree that no checkpoint which agrees with it covers. */
  private async judgeTail(): Promise<void> {
    const {tiles, signed} = this.options;
    if (!tiles.isAnchored) return;
    const size = await signedSize(tiles, signed);
    if (size < this.signed) {
      const shown = this.proved + this.tail;
      this.tail = countBeyond(this.met, size) - countBeyond(this.withheld, size);
      this.proved = Math.max(0, shown - this.tail);
      this.signed = size;
    }
    if (this.tail === 0) return;
    const detail = 'no checkpoint covers these entries of the tree';
    const leaves = [size, tiles.tree.size - 1] as const;
    this.findings.add({kind: 'tail unknown', leaves, detail}, this.tail);
  }

  /** Archived entries, whose hashes show no more than that there were such entries. */
  private judgeWithheld(): void {
    const detail = 'the content is in archive files that were not given: verify these';
    for (const leaves of this.withheld.ranges()) {
      this.findings.add({kind: 'content not shown', leaves, detail}, leaves[1] - leaves[0] + 1);
    }
  }

  private compare(entry: ExaminedEntry, index: number, tile: Buffer): void {
    const {leaf} = entry;
    const at = (index % TILE_WIDTH) * 32;
    if (leaf && tile.compare(leaf, 0, 32, at, at + 32) === 0) this.shown(entry, index);
    else this.suspect(entry);
  }

  /** An entry whose leaf is in the tree, at `index`. */
  private shown(entry: ExaminedEntry, index: number): void {
    if (!this.met.add(index)) {
      this.findings.add({kind: 'duplicated', ...named(entry), leaves: [index, index]});
      return;
    }
    if (entry.sealed === 'nowhere') {
      const detail = 'its hash is kept as that of an archived entry, and no recorded archive can hold it';
      this.findings.add({kind: 'missing', ...named(entry), leaves: [index, index], detail});
    } else if (entry.sealed) this.withheld.add(index);
    else if (entry.told) {
      const detail = 'it makes the leaf of the tree, and gives another hash';
      this.findings.add({
        kind: 'altered',
        ...named(entry),
        field: 'leafHash',
        leaves: [index, index],
        detail,
      });
    } else if (index < this.signed) this.proved++;
    else this.tail++;
    this.note(entry, index);
  }

  private note(entry: ExaminedEntry, index: number): void {
    if (entry.erased) this.erasures.met(index);
    if (entry.erases) this.erasures.record(index, entry.erases);
    if (entry.sealed) this.isSealed = true;
  }

  private suspect(entry: ExaminedEntry): void {
    if (!this.suspects.keep(entry)) this.judgeStranger(entry);
  }

  /** What the entries of a damaged tile show together. */
  private async judgeUnproved(): Promise<void> {
    const {tiles} = this.options;
    for (const {tile, entries, hashes} of this.unproved.tiles()) {
      const id = {level: 0, index: tile};
      const isMade = await tiles.offer(id, hashes);
      for (const entry of entries) {
        if (isMade) this.compare(entry, entry.index ?? 0, hashes);
        else if (entry.leaf && !entry.told) this.met.add(entry.index ?? 0);
        else this.suspect(entry);
      }
      if (isMade) continue;
      const span = {...id, width: widthOf(id, tiles.tree.size)};
      const detail = 'neither the tile nor the entries make what the tree has here';
      this.findings.add({...tileDamage(span), detail});
    }
  }

  /** Looks through the whole tree for the leaves of entries that are not where they say. */
  private async judgeSuspects(): Promise<void> {
    const {tiles} = this.options;
    this.suspects.expectLeaves();
    let lacking = 0;
    for (let index = 0; index * TILE_WIDTH < tiles.tree.size && lacking < LACKING; index++) {
      const tile = await tiles.tile({level: 0, index});
      if (!tile) lacking++;
      for (let i = 0; tile && i < tile.length / 32; i++)
        this.suspects.meet(index * TILE_WIDTH + i, hashIn(tile, i));
    }
    const strangers: ExaminedEntry[] = [];
    for (const {entry, place} of this.suspects.judged()) {
      if (place === undefined) strangers.push(entry);
      else this.judgeMoved(entry, place);
    }
    for (const entry of strangers) this.judgeStranger(entry);
  }

  /** An entry whose leaf is in the tree, at another index than it gives. */
  private judgeMoved(entry: ExaminedEntry, place: number): void {
    const finding = {...named(entry), field: 'leafIndex', leaves: [place, place]} as const;
    if (!this.met.add(place)) {
      this.findings.add({kind: 'duplicated', ...finding, detail: `it gives leaf ${entry.index}`});
    } else if (entry.index === undefined) {
      this.findings.add({kind: 'altered', ...finding, detail: 'it gives no leaf index'});
    } else {
      this.findings.add({kind: 'reordered', ...finding, detail: `it gives leaf ${entry.index}`});
    }
    this.note(entry, place);
  }

  /** An entry whose leaf is not in the tree. */
  private judgeStranger(entry: ExaminedEntry): void {
    const {index, leaf, told, field} = entry;
    const {tiles, beyond} = this.options;
    if (index === undefined) {
      const detail = 'it gives no leaf index, and its leaf is not in the tree';
      this.findings.add({kind: 'inserted', ...named(entry), field: 'leafIndex', detail});
    } else if (index < tiles.tree.size && this.met.add(index)) {
      this.findings.add({kind: 'altered', ...named(entry), field, leaves: [index, index]});
    } else if (index < tiles.tree.size) {
      const detail = 'the leaf that it gives is that of another entry';
      this.findings.add({kind: 'inserted', ...named(entry), leaves: [index, index], detail});
    } else {
      const kind = beyond === 'tail unknown' && (!leaf || told) ? 'altered' : beyond;
      this.findings.add({kind, ...named(entry), field, leaves: [index, index]});
    }
  }
}
