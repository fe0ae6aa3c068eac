import {open, stat} from 'node:fs/promises';

const BEGINNING = 'c2sp.org/tlog-proof@';

/** Whether a file is the proof of an entry (C2SP tlog-proof), by its beginning. */
export async function isProof(path: string): Promise<boolean> {
  try {
    // What a pipe holds can be read only once.
    if (!(await stat(path)).isFile()) return false;
    const file = await open(path);
    try {
      const {buffer, bytesRead} = await file.read(Buffer.alloc(BEGINNING.length), 0, BEGINNING.length, 0);
      return buffer.toString('utf8', 0, bytesRead) === BEGINNING;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
