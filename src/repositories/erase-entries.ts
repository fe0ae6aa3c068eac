import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import {sealedData} from '../integrity/erased-entry';
import type {Session} from './database';

/** What a step of an erasure has reached. */
export interface Erased {
  entries: number;
  /** Their places in the tree, of those that have one. */
  leaves: number[];
}

/**
 * Erases the erasable values and the salt of stored entries, in the transaction of a writer. Those that have left the
 * table, or were erased, since they were read are passed over.
 *
 * @throws AuditError TREE_DAMAGED where an entry is not what was sealed: nothing is erased then
 */
export async function eraseEntries(
  session: Session,
  tenantId: string,
  entries: readonly AuditEntry[],
): Promise<Erased> {
  const times = entries.map(({actedAt}) => actedAt);
  const sql = 'SELECT * FROM audit_erase($1, $2::timestamptz[], $3::uuid[], $4::text[])';
  return erasedOf(await session.rows(sql, [tenantId, times, entries.map(({id}) => id), entries.map(dataOf)]));
}

/**
 * Erases what the database keeps of archived entries, from which their values could be guessed. Those of which it
 * keeps nothing such any more are passed over.
 *
 * @throws AuditError TREE_DAMAGED where an entry is not what was sealed: nothing is erased then
 */
export async function eraseArchived(
  session: Session,
  tenantId: string,
  entries: readonly AuditEntry[],
): Promise<Erased> {
  const sql = 'SELECT * FROM audit_erase_archived($1, $2::uuid[], $3::text[])';
  return erasedOf(await session.rows(sql, [tenantId, entries.map(({id}) => id), entries.map(dataOf)]));
}

function dataOf(entry: AuditEntry): string | null {
  const data = sealedData(entry);
  if (data !== undefined) return data;
  const detail = {field: 'id', code: 'TREE_DAMAGED', message: `${entry.id} is not what was sealed`};
  throw new AuditError('TREE_DAMAGED', 'An entry is not what was sealed, and is not erased.', [detail]);
}

const erasedOf = (rows: unknown[][]): Erased => ({
  entries: rows.length,
  leaves: rows.flatMap(([leaf]) => (leaf === null ? [] : [Number(leaf)])),
});
