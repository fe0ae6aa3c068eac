import {EMPTY_ROOT, hashNode} from './merkle-hash';

/**
 * A tree as far as it must be known to go on: how many leaves it has, and the hashes of the perfect subtrees that
 * make it up, the largest first; one for each bit that is set in the size.
 */
export interface TreeHead {
  readonly size: number;
  readonly frontier: readonly Buffer[];
}

export const EMPTY_TREE: TreeHead = {size: 0, frontier: []};

/** Whether a head has as many hashes as its size has bits that are set. */
export function isWhole({size, frontier}: TreeHead): boolean {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits === frontier.length;
}

/** The root hash of a tree (RFC 6962, section 2.1). */
export const rootOf = ({frontier}: TreeHead): Buffer =>
  frontier.length === 0 ? EMPTY_ROOT : frontier.reduceRight((right, left) => hashNode(left, right));

/** Hashes that come to be at one level of tiles (level 0: the leaves), the first of them at `start`. */
export interface LevelHashes {
  level: number;
  start: number;
  hashes: Buffer[];
}

export interface Appended {
  head: TreeHead;
  /** What tiles must hold from now on, the lowest level first. */
  levels: LevelHashes[];
}

/** Height of a tile: each level of tiles stands on eight levels of the tree (C2SP tlog-tiles). */
const TILE_HEIGHT = 8;

/** Appends leaves, given by their hashes, to a tree. */
export function append(tree: TreeHead, leafHashes: readonly Buffer[]): Appended {
  const frontier = [...tree.frontier];
  const levels: LevelHashes[] = [];
  let {size} = tree;
  const place = (height: number, index: number, hash: Buffer) => {
    const level = height / TILE_HEIGHT;
    if (!Number.isInteger(level)) return;
    const known = levels[level] ?? {level, start: index, hashes: []};
    known.hashes.push(hash);
    levels[level] = known;
  };
  for (const leaf of leafHashes) {
    let hash = leaf;
    let index = size;
    place(0, index, hash);
    // A node whose index is odd completes the pair above it.
    for (let height = 1; index % 2 === 1; height++) {
      hash = hashNode(frontier.pop() as Buffer, hash);
      index = (index - 1) / 2;
      place(height, index, hash);
    }
    frontier.push(hash);
    size += 1;
  }
  return {head: {size, frontier}, levels};
}
