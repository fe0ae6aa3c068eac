import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {AuditError} from '../errors';
import {type OpenedCheckpoint, openCheckpoint} from '../integrity/checkpoint';
import {HASH_BYTES} from '../integrity/merkle-hash';
import {ProvedTiles} from '../integrity/proved-tiles';
import type {NoteVerifier} from '../integrity/signed-note';
import {hashesAt, TILE_WIDTH, type TileSpan, tilePath, widthOf} from '../integrity/tile';
import type {ReadTiles} from '../integrity/tree-reader';
import {tileFolder} from './tile-folder';

export interface MirrorOptions {
  /** Fetches what is below `/audit-logs/` of a service, such as `checkpoint` or `tile/0/000`. */
  fetch(path: string): Promise<Buffer>;
  keys: readonly NoteVerifier[];
  /** Where the log is kept in the layout of C2SP tlog-tiles; made where it is not there. */
  folder: string;
  onProgress?: ((progress: {tiles: number; about: number}) => void) | undefined;
}

export interface Mirrored {
  origin: string;
  size: number;
  /** Leaves that were mirrored before; undefined at the first time. */
  before: number | undefined;
  /** Tiles that were fetched. */
  tiles: number;
}

/**
 * Fetches the newest checkpoint of a log and the tiles that are new. Tiles are written as they come, and prove nothing by
 * being there; the checkpoint takes its place once they are proved: by itself, which a key must have signed, and by the
 * one that was there before, which the log must continue. Every checkpoint is appended to the file `checkpoints`.
 *
 * @throws AuditError TREE_DAMAGED where the log is not what it must be, and what `fetch` throws
 */
export async function mirrorLog({fetch, keys, folder, onProgress}: MirrorOptions): Promise<Mirrored> {
  const note = (await fetch('checkpoint')).toString();
  const newest = opened(note, keys, 'The checkpoint of the service');
  const kept = await readKept(folder);
  const before = kept === undefined ? undefined : opened(kept, keys, 'The checkpoint in the folder');
  if (before && before.origin !== newest.origin) {
    throw refused(`The folder mirrors ${before.origin}, and the service answers for ${newest.origin}.`);
  }
  if (before && before.size > newest.size) {
    throw refused(`The log had ${before.size} leaves before, and has ${newest.size} now.`);
  }
  await mkdir(folder, {recursive: true});
  // A tile of leaves stands for 256 of them, and one of 256 such tiles has another above it, and so on.
  const about = (newest.size - (before?.size ?? 0)) / (TILE_WIDTH - 1);
  let tiles = 0;
  for (const span of newTiles(before?.size ?? 0, newest.size)) {
    await keepTile(folder, span, await fetch(tilePath(span)));
    onProgress?.({tiles: ++tiles, about});
  }
  await prove(newest, before, tileFolder(folder));
  if (kept !== note) {
    await writeFile(join(folder, 'checkpoints'), note, {flag: 'a'});
    await replace(join(folder, 'checkpoint'), note);
  }
  return {origin: newest.origin, size: newest.size, before: before?.size, tiles};
}

/** What keeps a mirror from going on: the log is not what it must be. */
const refused = (message: string): AuditError => new AuditError('TREE_DAMAGED', message);

function opened(note: string, keys: readonly NoteVerifier[], what: string): OpenedCheckpoint {
  const checkpoint = openCheckpoint(note, keys);
  if (!checkpoint) throw refused(`${what} is none.`);
  if (checkpoint.verdict !== 'valid') throw refused(`${what} has a fault: ${checkpoint.verdict}.`);
  return checkpoint;
}

async function readKept(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, 'checkpoint'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The tiles that a tree of `to` leaves has and one of `from` leaves has not, or not as wide. */
function* newTiles(from: number, to: number): Generator<TileSpan> {
  for (let level = 0; hashesAt(level, to) > 0; level++) {
    const first = Math.floor(hashesAt(level, from) / TILE_WIDTH);
    for (let index = first; index * TILE_WIDTH < hashesAt(level, to); index++) {
      const width = widthOf({level, index}, to);
      if (width > widthOf({level, index}, from)) yield {level, index, width};
    }
  }
}

async function keepTile(folder: string, span: TileSpan, bytes: Buffer): Promise<void> {
  if (bytes.length !== span.width * HASH_BYTES)
    throw refused(`The service answers no tile for ${tilePath(span)}.`);
  const path = join(folder, tilePath(span));
  await mkdir(dirname(path), {recursive: true});
  await replace(path, bytes);
}

/** Writes a file that is there as a whole, or not at all. */
async function replace(path: string, content: string | Buffer): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

async function prove(
  newest: OpenedCheckpoint,
  before: OpenedCheckpoint | undefined,
  read: ReadTiles,
): Promise<void> {
  const damaged: TileSpan[] = [];
  const tiles = await ProvedTiles.open(newest, read, tile => damaged.push(tile));
  const from = Math.floor((before?.size ?? 0) / TILE_WIDTH);
  for (let index = from; index * TILE_WIDTH < newest.size; index++) await tiles.tile({level: 0, index});
  if (!tiles.isAnchored || damaged.length > 0) {
    throw refused(`The tiles of the service do not make the root that was signed for ${newest.size} leaves.`);
  }
  if (before && !(await tiles.rootAt(before.size))?.equals(before.root)) {
    throw refused(`The log does not continue the one of ${before.size} leaves that is in the folder.`);
  }
}
