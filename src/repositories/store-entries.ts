import {type AuditEntry, type JsonValue, sameJson} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {AuditError, type ErrorDetail} from '../errors';
import {ERASABLE} from '../integrity/leaf';
import {ENTRY_COLUMNS} from '../models/entry-columns';
import type {Session} from './database';
import {columnList, entryFromRow} from './entry-row';
import {sealEntries} from './seal-entries';

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
  bytes: 'text',
} as const;

const RECORD = ENTRY_COLUMNS.map(({property, kind}) => `"${property}" ${RECORD_TYPES[kind]}`).join(', ');
/** Bytes are hexadecimal text in JSON. */
const VALUES = ENTRY_COLUMNS.map(({property, kind}) =>
  kind === 'bytes' ? `decode(entry."${property}", 'hex')` : `entry."${property}"`,
).join(', ');

/** Inserts entries, given as JSON, into `table`; the statement takes the JSON as its one value. */
export const insertSql = (table: string): string =>
  `INSERT INTO ${table} (${columnList()}) SELECT ${VALUES} FROM json_to_recordset($1) AS entry (${RECORD})`;

/**
 * Seals entries into the tree of one tenant and stores them, in the transaction of a writer. An id that is known
 * already with the same content is not stored again.
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
  const ids = admitted.map(({entry, chosen, line}) => {
    const existing = known.get(entry.id);
    if (!existing) {
      known.set(entry.id, stored(entry));
      fresh.push(entry);
      return entry.id;
    }
    for (const field of existing.differing(entry, chosen)) {
      const message = 'differs from the entry that is stored under this id';
      conflicts.push({field, code: 'ID_CONFLICT', message, ...(line !== undefined && {line})});
    }
    return entry.id;
  });
  if (conflicts.length > 0) {
    throw new AuditError(
      'ID_CONFLICT',
      'This id belongs to another entry: send a new id.',
      conflicts.slice(0, 100),
    );
  }
  if (fresh.length > 0) {
    const sealed = await sealEntries(session, tenantId, fresh);
    await session.rows(insertSql('audit_logs'), [JSON.stringify(sealed)]);
    for (const entry of sealed) known.set(entry.id, stored(entry));
  }
  const entries = ids.flatMap(id => known.get(id)?.entry ?? []);
  return {entries, stored: fresh.length};
}

/** What an id stands for already. */
interface Known {
  entry: AuditEntry;
  /** The properties in which another entry of the same id differs from it. */
  differing(entry: AuditEntry, chosen: ReadonlySet<keyof AuditEntry>): string[];
}

const stored = (entry: AuditEntry): Known => ({
  entry,
  differing: (other, chosen) => differences(other, entry, chosen),
});

/** What the ids stand for that callers chose. Ids of the service's own making are new. */
async function knownEntries(
  session: Session,
  tenantId: string,
  admitted: readonly Admitted[],
): Promise<Map<string, Known>> {
  const named = admitted.filter(({chosen}) => chosen.has('id')).map(({entry}) => entry);
  if (named.length === 0) return new Map();
  // Two writers of one tenant could both find an id unknown: they take turns.
  await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('audit_logs:' || $1, 0))", [tenantId]);
  await session.become('audit_reader');
  const sql = `SELECT ${columnList()} FROM audit_logs WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`;
  const rows = await session.rows(sql, [tenantId, named.map(({id}) => id)]);
  const known = new Map(rows.map(row => entryFromRow(row)).map(entry => [entry.id, stored(entry)]));
  for (const [id, archived] of await archivedEntries(session, tenantId, named)) known.set(id, archived);
  await session.become('audit_writer');
  return known;
}

/**
 * Of an archived entry the database keeps a hash: it can tell whether another is the same, and not in what it differs.
 * Of an erased one it keeps none: whatever comes with its id counts as known.
 */
async function archivedEntries(
  session: Session,
  tenantId: string,
  named: readonly AuditEntry[],
): Promise<Map<string, Known>> {
  const rows = await session.rows(
    `SELECT archived.id, archived.recorded_at, archived.leaf_index, archived.leaf_hash, archived.salt,
            archived.content_hash IS NULL,
            archived.content_hash = audit_content_hash(ROW(${VALUES})::audit_logs)
       FROM json_to_recordset($2) AS entry (${RECORD})
       JOIN archived_entries archived ON archived.tenant_id = $1 AND archived.id = entry.id`,
    [tenantId, JSON.stringify(named)],
  );
  const entries = new Map(named.map(entry => [entry.id, entry]));
  return new Map(
    rows.flatMap(([id, recordedAt, leafIndex, leafHash, salt, erased, same]): [string, Known][] => {
      const entry = entries.get(String(id));
      if (!entry) return [];
      const known = {differing: () => (same || erased ? [] : ['id'])};
      const receipt = receiptOf(recordedAt, leafIndex, leafHash, salt);
      return [[entry.id, {...known, entry: {...(erased ? withoutErasable(entry) : entry), ...receipt}}]];
    }),
  );
}

/** What the service gave an entry when it was stored first. */
const receiptOf = (recordedAt: unknown, leafIndex: unknown, leafHash: unknown, salt: unknown) => ({
  recordedAt: String(recordedAt),
  ...(leafIndex !== null && {leafIndex: Number(leafIndex)}),
  ...(leafHash !== null && {leafHash: String(leafHash)}),
  ...(salt !== null && {salt: String(salt)}),
});

const ERASABLE_NAMES: ReadonlySet<string> = new Set(ERASABLE);

const withoutErasable = (entry: AuditEntry): AuditEntry =>
  Object.fromEntries(
    Object.entries(entry).filter(([property]) => !ERASABLE_NAMES.has(property)),
  ) as unknown as AuditEntry;

/** What was erased cannot be compared any more, and differs from nothing. */
function differences(entry: AuditEntry, stored: AuditEntry, chosen: ReadonlySet<keyof AuditEntry>): string[] {
  return [...chosen].filter(
    property =>
      !(stored.commitments && ERASABLE_NAMES.has(property)) &&
      !sameJson(entry[property] as JsonValue, stored[property] as JsonValue),
  );
}
