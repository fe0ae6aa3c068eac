import type {Dirent} from 'node:fs';
import {mkdir, open, opendir} from 'node:fs/promises';
import {join} from 'node:path';

/** The `code` of a fault of the operating system, such as `ENOENT`. */
export const faultCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Makes the names in a folder durable: what was linked, renamed or unlinked there survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes the folders of a path below a root, durably, and answers the last one. The root itself is never
 * made: when a volume is not mounted, nothing is written into the empty place where it should be.
 */
export async function makeFolders(root: string, names: readonly string[]): Promise<string> {
  let folder = root;
  for (const name of names) {
    const parent = folder;
    folder = join(parent, name);
    try {
      await mkdir(folder);
      await syncFolder(parent);
    } catch (error) {
      if (faultCode(error) !== 'EEXIST') throw error;
    }
  }
  return folder;
}

/** A folder's names, a buffer at a time; a folder that is not there has none. */
export async function* readFolder(folder: string): AsyncGenerator<Dirent> {
  let names: AsyncIterable<Dirent>;
  try {
    names = await opendir(folder);
  } catch (error) {
    if (faultCode(error) === 'ENOENT' || faultCode(error) === 'ENOTDIR') return;
    throw error;
  }
  yield* names;
}

/** The files in a folder below a root and in its folders, as paths from the root; dot names there are left out. */
export async function* walkFiles(root: string, folder: string): AsyncGenerator<string> {
  for await (const entry of readFolder(join(root, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (path.startsWith('.')) continue;
    if (entry.isDirectory()) yield* walkFiles(root, path);
    else yield path;
  }
}
