import {open, stat} from 'node:fs/promises';

/** As text (C2SP tlog-proof), or in the JSON that the service answers: no entry has these properties. */
const BEGINNING = /^(c2sp\.org\/tlog-proof@|\s*\{\s*"(entry|checkpoint)"\s*:)/;
const BYTES = 256;

/** Whether a file is the proof of an entry, by its beginning. */
export async function isProof(path: string): Promise<boolean> {
  try {
    // What a pipe holds can be read only once.
    if (!(await stat(path)).isFile()) return false;
    const file = await open(path);
    try {
      const {buffer, bytesRead} = await file.read(Buffer.alloc(BYTES), 0, BYTES, 0);
      return BEGINNING.test(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
