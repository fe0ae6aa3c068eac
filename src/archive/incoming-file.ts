import {randomUUID} from 'node:crypto';
import {link, open, stat, unlink} from 'node:fs/promises';
import {join} from 'node:path';
import {faultCode, makeFolders, readFolder, syncFolder} from './filesystem-folder';
import {objectExists} from './store-failure';

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

/**
 * Gives a written file its key, durably, or leaves everything as it was.
 *
 * @throws AuditError OBJECT_EXISTS
 */
export async function publish(incoming: string, root: string, key: string): Promise<void> {
  const folder = await makeFolders(root, key.split('/').slice(0, -1));
  const path = join(root, key);
  await link(incoming, path).catch((error: unknown) => {
    throw faultCode(error) === 'EEXIST' ? objectExists(key) : error;
  });
  try {
    await syncFolder(folder);
  } catch (error) {
    await unlink(path);
    throw error;
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
