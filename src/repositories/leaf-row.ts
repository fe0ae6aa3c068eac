import {randomBytes} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {commitmentsOf, leafHash, SALT_BYTES} from '../integrity/leaf';
import {rowText} from './copy-text';

/** An admitted entry as far as it can be made ready before its tenant's tree is locked: all but its place. */
export interface LeafRow extends Admitted {
  /** With salt and leaf hash; the leaf index is given when it is stored. */
  entry: AuditEntry;
  hash: Buffer;
  /** The row that is stored, but for the leaf index. */
  row: string;
}

/** Salts, hashes and writes an entry. What takes long is done here, where nobody waits for it. */
export function leafRow({entry: admitted, ...rest}: Admitted): LeafRow {
  const salt = randomBytes(SALT_BYTES);
  const hash = leafHash(admitted, commitmentsOf(admitted, salt));
  const entry = {...admitted, leafHash: hash.toString('hex'), salt: salt.toString('hex')};
  return {...rest, entry, hash, row: rowText(entry)};
}
