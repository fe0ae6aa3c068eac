import {EMPTY_ROOT, HASH_BYTES, hashNode} from './merkle-hash';
import {subtreeIn, TILE_WIDTH, type TileId, type TileSpan, widthOf} from './tile';

/**
 * Reads the bytes of tiles. MUST answer each with at least the width that is asked for, and MAY answer more; the
 * hashes of a tile never change.
 */
export type ReadTiles = (tiles: readonly TileSpan[]) => Promise<readonly Buffer[]>;

/** A tile did not hold what a tree of this size must have. */
export class MissingTileError extends Error {
  override readonly name = 'MissingTileError';
  constructor(readonly tile: TileSpan) {
    super(`The tile ${tile.level}/${tile.index} does not hold ${tile.width} hashes.`);
  }
}

/** Leaves from `start` up to and without `end`. */
interface Range {
  start: number;
  end: number;
}

/**
 * The inclusion proof of a leaf (RFC 6962, section 2.1.1), from the tiles of the tree. Reads every tile that it
 * needs at once.
 *
 * @throws RangeError where the tree has no such leaf
 * @throws MissingTileError
 */
export async function inclusionProof(index: number, size: number, read: ReadTiles): Promise<Buffer[]> {
  if (!(isCount(index) && isCount(size) && index < size)) {
    throw new RangeError(`A tree of ${size} leaves has no leaf ${index}.`);
  }
  return hashesOf(inclusionRanges(index, size), size, read);
}

/**
 * The consistency proof of two sizes of a tree (RFC 6962, section 2.1.2), from the tiles of the larger one.
 *
 * @throws RangeError where the first is larger than the second
 * @throws MissingTileError
 */
export async function consistencyProof(from: number, to: number, read: ReadTiles): Promise<Buffer[]> {
  if (!(isCount(from) && isCount(to) && from <= to)) {
    throw new RangeError(`A tree of ${to} leaves does not come after one of ${from}.`);
  }
  if (from === 0 || from === to) return [];
  return hashesOf(consistencyRanges(from, to), to, read);
}

/** The root of a tree of `size` leaves, from its tiles. @throws MissingTileError */
export async function rootFromTiles(size: number, read: ReadTiles): Promise<Buffer> {
  if (size === 0) return EMPTY_ROOT;
  const [root] = await hashesOf([{start: 0, end: size}], size, read);
  return root as Buffer;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** The subtrees whose hashes prove a leaf: the sibling of each node on its way up, the lowest first. */
const inclusionRanges = (index: number, size: number): Range[] =>
  descend(index, size, ({start, end}) => end - start === 1).siblings;

/** The subtrees from whose hashes both roots can be made, the lowest first. */
function consistencyRanges(from: number, to: number): Range[] {
  const {siblings, reached} = descend(from - 1, to, ({end}) => end === from);
  // The verifier knows the old root; it needs the subtree in which the old tree ends only where that is a part of it.
  return reached.start === 0 ? siblings : [reached, ...siblings];
}

/** The way down towards a leaf until a subtree is reached, and the siblings along it, the lowest first. */
function descend(
  leaf: number,
  size: number,
  isReached: (subtree: Range) => boolean,
): {siblings: Range[]; reached: Range} {
  const siblings: Range[] = [];
  let subtree: Range = {start: 0, end: size};
  while (!isReached(subtree)) {
    const {start, end} = subtree;
    const middle = start + leftLeaves(end - start);
    const [left, right] = [
      {start, end: middle},
      {start: middle, end},
    ];
    siblings.unshift(leaf < middle ? right : left);
    subtree = leaf < middle ? left : right;
  }
  return {siblings, reached: subtree};
}

/** Leaves of the left subtree: the largest power of two below the number of all (RFC 6962, section 2.1). */
function leftLeaves(leaves: number): number {
  let left = 1;
  while (left * 2 < leaves) left *= 2;
  return left;
}

/** A perfect subtree as it stands in one tile. */
interface Piece {
  tile: TileId;
  place: number;
  count: number;
}

/** The hashes of subtrees of a tree of `size` leaves. */
async function hashesOf(ranges: readonly Range[], size: number, read: ReadTiles): Promise<Buffer[]> {
  const pieces = ranges.map(perfectPieces);
  const wanted = new Map<string, TileSpan>();
  for (const {tile} of pieces.flat()) wanted.set(keyOf(tile), {...tile, width: widthOf(tile, size)});
  const spans = [...wanted.values()];
  const tiles = await read(spans);
  const known = new Map<string, Buffer>();
  for (const [i, span] of spans.entries()) {
    const bytes = tiles[i];
    if (!bytes || bytes.length < span.width * HASH_BYTES) throw new MissingTileError(span);
    known.set(keyOf(span), bytes);
  }
  return pieces.map(parts =>
    parts
      .map(({tile, place, count}) => subtreeIn(known.get(keyOf(tile)) as Buffer, place, count))
      .reduceRight((right, left) => hashNode(left, right)),
  );
}

const keyOf = ({level, index}: TileId): string => `${level}/${index}`;

/** The perfect subtrees that make up a subtree, the largest first. */
function perfectPieces({start, end}: Range): Piece[] {
  const pieces: Piece[] = [];
  for (let from = start; from < end; ) {
    let leaves = 1;
    while (leaves * 2 <= end - from && from % (leaves * 2) === 0) leaves *= 2;
    pieces.push(pieceOf(from, leaves));
    from += leaves;
  }
  return pieces;
}

/** Where the hash of a perfect subtree is, or the few hashes next below it: in the highest tile that has them. */
function pieceOf(start: number, leaves: number): Piece {
  let level = 0;
  let width = 1;
  while (width * TILE_WIDTH <= leaves) {
    width *= TILE_WIDTH;
    level += 1;
  }
  const first = start / width;
  return {
    tile: {level, index: Math.floor(first / TILE_WIDTH)},
    place: first % TILE_WIDTH,
    count: leaves / width,
  };
}
