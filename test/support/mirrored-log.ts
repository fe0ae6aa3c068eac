import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {hashesAt, TILE_WIDTH, tilePath, widthOf} from '../../dist/integrity/tile';
import type {ReadTiles} from '../../dist/integrity/tree-reader';

/** Lays a log out in a folder as C2SP tlog-tiles says. */
export async function layOut(
  folder: string,
  size: number,
  read: ReadTiles,
  checkpoint: string,
): Promise<void> {
  mkdirSync(folder, {recursive: true});
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    for (let index = 0; index * TILE_WIDTH < hashesAt(level, size); index++) {
      const span = {level, index, width: widthOf({level, index}, size)};
      const [bytes = Buffer.alloc(0)] = await read([span]);
      const path = join(folder, tilePath(span));
      mkdirSync(dirname(path), {recursive: true});
      writeFileSync(path, bytes.subarray(0, span.width * 32));
    }
  }
  writeFileSync(join(folder, 'checkpoint'), checkpoint);
}
