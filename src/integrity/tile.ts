import {HASH_BYTES, hashNode} from './merkle-hash';

/** Hashes of a full tile (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

/** Where a tile is: its level, and its place within the level. */
export interface TileId {
  level: number;
  index: number;
}

/** A tile as it must be for trees of a certain size; narrower than 256 hashes where it is the last of its level. */
export interface TileSpan extends TileId {
  width: number;
}

/** How many hashes a tree of `size` leaves has at a level of tiles. */
export const hashesAt = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

/** The width that a tile has in a tree of `size` leaves; 0 where that tree has no such tile. */
export function widthOf({level, index}: TileId, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAt(level, size) - index * TILE_WIDTH));
}

/** The path of a tile below a log's prefix, such as `tile/0/x001/234` or `tile/1/000.p/17`. */
export function tilePath({level, index, width}: TileSpan): string {
  const groups = [String(index % 1_000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) {
    groups.unshift(`x${String(rest % 1_000).padStart(3, '0')}`);
  }
  const partial = width < TILE_WIDTH ? `.p/${width}` : '';
  return `tile/${level}/${groups.join('/')}${partial}`;
}

const TILE_PATH = /^tile\/(0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The tile that a path means; undefined where it is no path of a tile in the one way to write it. */
export function parseTilePath(path: string): TileSpan | undefined {
  const [, level, groups, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || groups === undefined) return undefined;
  const span = {
    level: Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  const isWrittenSo = Number.isSafeInteger(span.index) && span.level <= 63 && tilePath(span) === path;
  return isWrittenSo ? span : undefined;
}

/** One hash of a tile's bytes. */
export const hashIn = (tile: Buffer, place: number): Buffer =>
  tile.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);

/** The root of a perfect subtree whose hashes stand in a tile from `place` on; `count` is a power of two. */
export function subtreeIn(tile: Buffer, place: number, count: number): Buffer {
  if (count === 1) return hashIn(tile, place);
  const half = count / 2;
  return hashNode(subtreeIn(tile, place, half), subtreeIn(tile, place + half, half));
}
