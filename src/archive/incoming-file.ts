import {randomUUID} from 'node:crypto';
import {open, stat, unlink} from 'node:fs/promises';
import {join} from 'node:path';
import {makeFolders, readFolder} from './filesystem-folder';

/** Where bodies are written before they have a name; no key begins with a dot. */
const INCOMING = '.incoming';
/** A body that was not written to for a day was left behind by a process that ended. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** A path of its own for a body that is coming in below a root. */
export const incomingPath = async (root: string): Promise<string> =>
  join(await makeFolders(root, [INCOMING]), randomUUID());

/** Writes a new file and flushes it to the disk. */
export async function writeFile(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.byteLength; ) {
        offset += (await file.write(chunk, offset)).bytesWritten;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes the bodies that ended processes left behind; other processes may be at work beside us. */
export async function removeAbandoned(root: string): Promise<void> {
  const folder = join(root, INCOMING);
  for await (const entry of readFolder(folder)) {
    const path = join(folder, entry.name);
    const file = await stat(path).catch(() => undefined);
    if (file !== undefined && Date.now() - file.mtimeMs > ABANDONED_AFTER_MS) {
      await unlink(path).catch(() => {});
    }
  }
}
