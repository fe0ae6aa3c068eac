import {type AuditEntry, type JsonValue, sameJson} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {ERASABLE} from '../integrity/leaf';
import type {Session} from './database';
import {columnList, entryFromRow} from './entry-row';
import {ENTRY_VALUES, NUMBERED_ENTRIES} from './json-rows';
import type {LeafRow} from './leaf-row';

/** What an id stands for already. */
export interface Known {
  /** The entry as it was stored first. */
  entry: AuditEntry;
  /** The properties in which another entry of the same id differs from it. */
  differing(admitted: Admitted): string[];
}

/** An entry that is stored, or about to be. */
export const knownEntry = (entry: AuditEntry): Known => ({
  entry,
  differing: other => differences(other, entry),
});

/**
 * What the ids stand for that callers chose; ids of the service's own making are new. The tree of the tenant must be
 * locked, so that nobody stores one of them meanwhile.
 */
export async function knownEntries(
  session: Session,
  tenantId: string,
  rows: readonly LeafRow[],
): Promise<Map<string, Known>> {
  const named = rows.flatMap(({admitted}) => (admitted?.chosen.has('id') ? [admitted.entry] : []));
  if (named.length === 0) return new Map();
  session.become('audit_reader');
  const sql = `SELECT ${columnList()} FROM audit_entries WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`;
  const stored = await session.rows(sql, [tenantId, named.map(({id}) => id)]);
  const known = new Map(stored.map(row => entryFromRow(row)).map(entry => [entry.id, knownEntry(entry)]));
  for (const [id, archived] of await archivedEntries(session, tenantId, named)) known.set(id, archived);
  session.become('audit_writer');
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
  const ids = 'SELECT id FROM archived_entries WHERE tenant_id = $1 AND id = ANY ($2::uuid[])';
  const archived = new Set((await session.rows(ids, [tenantId, named.map(({id}) => id)])).flat());
  const sent = named.filter(({id}) => archived.has(id));
  if (sent.length === 0) return new Map();
  const rows = await session.rows(
    `SELECT entry.place, archived.recorded_at, archived.leaf_index, archived.leaf_hash, archived.salt,
            archived.content_hash IS NULL,
            archived.content_hash = audit_content_hash(ROW(${ENTRY_VALUES})::audit_logs)
       FROM ${NUMBERED_ENTRIES}
       JOIN archived_entries archived ON archived.tenant_id = $1 AND archived.id = entry.id`,
    [tenantId, JSON.stringify(sent)],
  );
  const known = new Map<string, Known>();
  // One id may come several times, each with a content of its own.
  const other = new Set<AuditEntry>();
  for (const [place, recordedAt, leafIndex, leafHash, salt, erased, same] of rows) {
    const entry = sent[Number(place) - 1];
    if (!entry) continue;
    if (!same && !erased) other.add(entry);
    // The place, leaf and salt are those of the entry that was stored, not those made for this one.
    const {
      leafIndex: _index,
      leafHash: _hash,
      salt: _salt,
      ...content
    } = erased ? withoutErasable(entry) : entry;
    const stored = {...content, ...receiptOf(recordedAt, leafIndex, leafHash, salt)};
    if (known.has(entry.id) && other.has(entry)) continue;
    known.set(entry.id, {entry: stored, differing: ({entry: given}) => (other.has(given) ? ['id'] : [])});
  }
  return known;
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
const differences = ({entry, chosen}: Admitted, stored: AuditEntry): string[] =>
  [...chosen].filter(
    property =>
      !(stored.commitments && ERASABLE_NAMES.has(property)) &&
      !sameJson(entry[property] as JsonValue, stored[property] as JsonValue),
  );
