import {open} from 'node:fs/promises';
import {AuditError} from '../errors';

/** Longest text that is read as a whole: keys, checkpoints, proofs. */
const LONGEST = 16 << 20;

/** A text file of at most 16 MiB. @throws AuditError INVALID_FILE where it is longer, or cannot be read */
export async function readText(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const parts: Buffer[] = [];
      let length = 0;
      for await (const part of file.createReadStream({autoClose: false})) {
        parts.push(part as Buffer);
        length += (part as Buffer).length;
        if (length > LONGEST) throw new Error('It is longer than 16 MiB.');
      }
      return Buffer.concat(parts).toString();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new AuditError('INVALID_FILE', `${path} cannot be read.`, [], {cause});
  }
}
