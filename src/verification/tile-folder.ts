import {open, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {HASH_BYTES} from '../integrity/merkle-hash';
import {TILE_WIDTH, type TileSpan, tilePath} from '../integrity/tile';
import type {ReadTiles} from '../integrity/tree-reader';

/** Reads tiles from a folder in the layout of C2SP tlog-tiles; of one that is not there or cannot be read, nothing. */
export const tileFolder =
  (folder: string): ReadTiles =>
  async spans => {
    const tiles: Buffer[] = [];
    for (const span of spans) tiles.push(await readSpan(folder, span));
    return tiles;
  };

/** A tile that has become full stands for its narrower ones. */
async function readSpan(folder: string, span: TileSpan): Promise<Buffer> {
  const narrow = await readTile(join(folder, tilePath(span)));
  if (narrow.length > 0 || span.width === TILE_WIDTH) return narrow;
  return readTile(join(folder, tilePath({...span, width: TILE_WIDTH})));
}

async function readTile(path: string): Promise<Buffer> {
  try {
    // A pipe or a device would be waited for.
    if (!(await stat(path)).isFile()) return Buffer.alloc(0);
    const file = await open(path);
    try {
      const {buffer, bytesRead} = await file.read(Buffer.alloc(TILE_WIDTH * HASH_BYTES));
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}
