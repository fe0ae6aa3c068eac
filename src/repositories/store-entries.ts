import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {AuditError, type ErrorDetail} from '../errors';
import {ENTRY_COLUMNS} from '../models/entry-columns';
import type {Session} from './database';
import {columnList, entryFromRow} from './entry-row';

export interface StoredEntries {
  /** The entries as stored, in the order they came; of a known id, the one stored first. */
  entries: AuditEntry[];
  /** How many of them are new. */
  stored: number;
}

const RECORD_TYPES = {
  uuid: 'uuid',
  text: 'text',
  time: 'timestamptz',
  json: 'jsonb',
  textArray: 'text[]',
  ip: 'inet',
  bigint: 'bigint',
  hash: 'bytea',
} as const;

const RECORD = ENTRY_COLUMNS.map(({property, kind}) => `"${property}" ${RECORD_TYPES[kind]}`).join(', ');
const PROPERTIES = ENTRY_COLUMNS.map(({property}) => `"${property}"`).join(', ');

/** Inserts entries, given as JSON, into `table`; the statement takes the JSON as its one value. */
export const insertSql = (table: string): string =>
  `INSERT INTO ${table} (${columnList()}) SELECT ${PROPERTIES} FROM json_to_recordset($1) AS entry (${RECORD})`;

/**
 * Stores entries of one tenant in the transaction of a writer. An id that is known already with the same
 * content is not stored again.
 *
 * @throws AuditError ID_CONFLICT where a known id comes with other content
 */
export async function storeEntries(
  session: Session,
  tenantId: string,
  admitted: readonly Admitted[],
): Promise<StoredEntries> {
  const known = await knownEntries(session, tenantId, admitted);
  const fresh: AuditEntry[] = [];
  const conflicts: ErrorDetail[] = [];
  const entries = admitted.map(({entry, chosen, line}) => {
    const existing = known.get(entry.id);
    if (!existing) {
      known.set(entry.id, entry);
      fresh.push(entry);
      return entry;
    }
    for (const field of differences(entry, existing, chosen)) {
      const message = 'differs from the entry that is stored under this id';
      conflicts.push({field, code: 'ID_CONFLICT', message, ...(line !== undefined && {line})});
    }
    return existing;
  });
  if (conflicts.length > 0) {
    throw new AuditError(
      'ID_CONFLICT',
      'This id belongs to another entry: send a new id.',
      conflicts.slice(0, 100),
    );
  }
  if (fresh.length > 0) await session.rows(insertSql('audit_logs'), [JSON.stringify(fresh)]);
  return {entries, stored: fresh.length};
}

/** Entries that are stored under the ids that callers chose. Ids of the service's own making are new. */
async function knownEntries(
  session: Session,
  tenantId: string,
  admitted: readonly Admitted[],
): Promise<Map<string, AuditEntry>> {
  const ids = admitted.filter(({chosen}) => chosen.has('id')).map(({entry}) => entry.id);
  if (ids.length === 0) return new Map();
  // Two writers of one tenant could both find an id unknown: they take turns.
  await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('audit_logs:' || $1, 0))", [tenantId]);
  await session.become('audit_reader');
  const sql = `SELECT ${columnList()} FROM audit_logs WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`;
  const rows = await session.rows(sql, [tenantId, ids]);
  await session.become('audit_writer');
  return new Map(rows.map(row => entryFromRow(row)).map(entry => [entry.id, entry]));
}

function differences(entry: AuditEntry, stored: AuditEntry, chosen: ReadonlySet<keyof AuditEntry>): string[] {
  return [...chosen].filter(property => !sameJson(entry[property], stored[property]));
}

/** Whether two JSON values are equal; the order of an object's properties does not count. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && sameJson(a[key as never], b[key as never]))
  );
}
