import type {AuditEntry} from '@loopback-audit/audit-log';
import {type Condition, isEverything} from '../models/condition';
import {conditionSql, Parameters} from './condition-sql';
import type {Session} from './database';
import {columnList, entryFromRow, selectedColumns} from './entry-row';

/** Leaves from the first up to and with the last. */
export interface LeafRange {
  first: number;
  last: number;
}

/** What a step along the leaves of a tree has met. */
export interface Step {
  /** Entries under the condition, in the order of their leaves. */
  entries: AuditEntry[];
  /** Leaves of which no entry is stored any more, in order. */
  missing: LeafRange[];
  /** The leaf where the next step begins. */
  next: number;
}

/** Which entries a step looks for, and which of their properties it answers; `leafIndex` comes in any case. */
export interface Sought {
  condition: Condition;
  fields?: ReadonlySet<keyof AuditEntry>;
}

/** Entries that one step looks at for those under a condition. */
const SPAN = 5_000;

/**
 * Goes on from a leaf, in the order in which entries were stored, as far as `limit` entries reach, and not beyond leaf `end`,
 * up to which everything must be committed. A step costs little however few entries are under the condition: it ends after
 * some thousands that were looked at. Every missing leaf is told where every entry is sought; under a condition, those alone
 * at which a step begins.
 */
export async function entriesSince(
  session: Session,
  tenantId: string,
  sought: Sought,
  {first, end}: {first: number; end: number},
  limit: number,
): Promise<Step> {
  if (isEverything(sought.condition)) {
    const entries = await readEntries(session, tenantId, sought, {first, end}, limit);
    const next = entries.length < limit ? end : leafAfter(entries);
    return {entries, missing: missingLeaves(entries, {first, end: next}), next};
  }
  const span = await storedSpan(session, tenantId, {first, end});
  const entries = await readEntries(session, tenantId, sought, span, limit);
  const missing = span.first > first ? [{first, last: span.first - 1}] : [];
  return {entries, missing, next: entries.length < limit ? span.end : leafAfter(entries)};
}

/** Leaves from `first` up to, and without, `end`. */
interface LeafSpan {
  first: number;
  end: number;
}

/** The condition is held against the entries of the span alone: OFFSET 0 keeps the planner from another index than that of leaves. */
async function readEntries(
  session: Session,
  tenantId: string,
  {condition, fields}: Sought,
  {first, end}: LeafSpan,
  limit: number,
): Promise<AuditEntry[]> {
  const parameters = new Parameters();
  const columns = selectedColumns(fields && new Set([...fields, 'leafIndex'] as const));
  const span = `SELECT * FROM audit_entries WHERE tenant_id = ${parameters.add(tenantId)}
    AND leaf_index >= ${parameters.add(first)}::bigint AND leaf_index < ${parameters.add(end)}::bigint
    ORDER BY leaf_index`;
  const text = isEverything(condition)
    ? `${span} LIMIT ${parameters.add(limit)}`
    : `SELECT * FROM (${span} OFFSET 0) AS span WHERE ${conditionSql(condition, parameters)}
       ORDER BY leaf_index LIMIT ${parameters.add(limit)}`;
  const page = `SELECT ${columnList(columns)} FROM (${text}) AS page ORDER BY leaf_index`;
  return (await session.rows(page, parameters.values)).map(row => entryFromRow(row, columns));
}

/** Where the first of the entries of some leaves is, and where a step that looks at no more than it may ends. */
async function storedSpan(session: Session, tenantId: string, {first, end}: LeafSpan): Promise<LeafSpan> {
  const [row] = await session.rows(
    `SELECT min(leaf_index), max(leaf_index), count(*) FROM (
       SELECT leaf_index FROM audit_entries WHERE tenant_id = $1 AND leaf_index >= $2::bigint AND leaf_index < $3::bigint
        ORDER BY leaf_index LIMIT $4) AS span`,
    [tenantId, first, end, SPAN],
  );
  const [least, most, entries] = row ?? [];
  if (Number(entries) === 0) return {first: end, end};
  return {first: Number(least), end: Number(entries) < SPAN ? end : Number(most) + 1};
}

const leafOf = ({leafIndex}: AuditEntry): number => Number(leafIndex);

const leafAfter = (entries: readonly AuditEntry[]): number => leafOf(entries.at(-1) as AuditEntry) + 1;

/** The leaves of a span that none of its entries has. */
function missingLeaves(entries: readonly AuditEntry[], {first, end}: LeafSpan): LeafRange[] {
  const missing: LeafRange[] = [];
  let expected = first;
  for (const leaf of [...entries.map(leafOf), end]) {
    if (leaf > expected) missing.push({first: expected, last: leaf - 1});
    expected = leaf + 1;
  }
  return missing;
}
