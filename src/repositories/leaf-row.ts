import {randomBytes} from 'node:crypto';
import type {Admitted} from '../admission/admit';
import {commitmentsOf, leafHash, SALT_BYTES} from '../integrity/leaf';
import {rowText} from './copy-text';

/**
 * An admitted entry as far as it can be made ready before its tenant's tree is locked: it has salt and leaf hash, and
 * all but its place.
 */
export interface LeafRow extends Admitted {
  hash: Buffer;
  /** The row that is stored, but for the leaf index. */
  row: string;
}

/** Salts are drawn for many entries at once: asking for random bytes takes longer than hashing. */
const SALTS_AT_ONCE = 256;
let salts = Buffer.alloc(0);

function nextSalt(): Buffer {
  if (salts.length === 0) salts = randomBytes(SALTS_AT_ONCE * SALT_BYTES);
  const salt = salts.subarray(0, SALT_BYTES);
  salts = salts.subarray(SALT_BYTES);
  return salt;
}

/** Salts, hashes and writes an entry, which gets its salt and leaf hash. What takes long is done here, unlocked. */
export function leafRow({entry, chosen, line}: Admitted): LeafRow {
  const salt = nextSalt();
  const hash = leafHash(entry, commitmentsOf(entry, salt));
  entry.leafHash = hash.toString('hex');
  entry.salt = salt.toString('hex');
  const made: LeafRow = {entry, chosen, hash, row: rowText(entry)};
  if (line !== undefined) made.line = line;
  return made;
}
