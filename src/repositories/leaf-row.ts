import {randomBytes} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import type {SpoolForm} from '../admission/spool';
import {SALT_BYTES, saltedLeaf} from '../integrity/leaf';
import {rowText} from './copy-text';

/**
 * An admitted entry as far as it can be made ready before its tenant's tree is locked: all but its place. What is not
 * needed any more is not kept, for many of them wait.
 */
export interface LeafRow {
  id: string;
  actedAt: string;
  recordedAt: string;
  /** Hexadecimal. */
  salt: string;
  hash: Buffer;
  /** The row that is stored, but for the leaf index. */
  row: string;
  /** Line or position (from 1) in the caller's batch. */
  line: number | undefined;
  /** Where the caller chose the id, or wants the entry back. */
  admitted: Admitted | undefined;
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

/**
 * Salts, hashes and writes an entry, which gets its salt and leaf hash. What takes long is done here, where nobody
 * waits for it.
 *
 * @param wanted whether the caller wants the entry back
 */
export function leafRow(admitted: Admitted, wanted = false): LeafRow {
  const {entry, chosen, line} = admitted;
  const salt = nextSalt();
  const hash = saltedLeaf(entry, salt);
  entry.leafHash = hash.toString('hex');
  entry.salt = salt.toString('hex');
  const {id, actedAt, recordedAt} = entry;
  const kept = wanted || chosen.has('id') ? admitted : undefined;
  return {id, actedAt, recordedAt, salt: entry.salt, hash, row: rowText(entry), line, admitted: kept};
}

/** A row as one line of text, for a time on disk. */
function leafRowText({hash, admitted, ...rest}: LeafRow): string {
  const {entry, chosen} = admitted ?? {};
  return JSON.stringify({...rest, hash: hash.toString('base64'), entry, chosen: chosen && [...chosen]});
}

/** The row that {@link leafRowText} has written. */
function readLeafRow(text: string): LeafRow {
  const {hash, entry, chosen, ...rest} = JSON.parse(text) as Omit<LeafRow, 'hash' | 'admitted'> & {
    hash: string;
    entry?: AuditEntry;
    chosen?: (keyof AuditEntry)[];
  };
  const admitted = entry && {entry, chosen: new Set(chosen)};
  return {...rest, line: rest.line, hash: Buffer.from(hash, 'base64'), admitted};
}

/** The form in which rows wait in a spool. */
export const LEAF_ROWS: SpoolForm<LeafRow> = {
  of: admitted => leafRow(admitted),
  write: leafRowText,
  read: readLeafRow,
};
