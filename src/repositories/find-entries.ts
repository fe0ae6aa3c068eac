import type {AuditEntry} from '@loopback-audit/audit-log';
import {type Condition, timeRangeOf, wordsOf} from '../models/condition';
import type {OrderTerm, Selection} from '../models/selection';
import {
  afterSql,
  asksForContent,
  conditionSql,
  orderBySql,
  orderSql,
  orderTerms,
  Parameters,
  relevanceSql,
} from './condition-sql';
import type {Session} from './database';
import {columnList, entryFromRow, selectedColumns} from './entry-row';

/** Entries at the beginning of an order that tell how frequent is what is asked for. */
const SAMPLE = 200;
/** Of those, as many at least make it worth while to look further in this order. */
const FREQUENT = 3;

interface Sql {
  text: string;
  values: unknown[];
}

/** The entries that a selection means, without their order. */
const whereSql = (tenantId: string, selection: Selection, parameters: Parameters): string =>
  [
    `tenant_id = ${parameters.add(tenantId)}`,
    conditionSql(selection.condition, parameters),
    ...(selection.after ? [afterSql(selection.order, selection.after, parameters)] : []),
  ].join(' AND ');

/** The statement that answers a selection, and its values. Shared by pages and streams. */
export function selectionSql(tenantId: string, selection: Selection): Sql {
  const parameters = new Parameters();
  const columns = columnList(selectedColumns(selection.fields));
  const where = whereSql(tenantId, selection, parameters);
  const text = `SELECT ${columns} FROM audit_entries WHERE ${where} ${orderSql(selection, parameters)}`;
  return {text, values: parameters.values};
}

/** One page of entries, in the order of the selection. */
export async function findEntries(
  session: Session,
  tenantId: string,
  selection: Selection & {limit: number},
): Promise<AuditEntry[]> {
  const {condition, order, limit, skip} = selection;
  if (selection.ranked) return findRanked(session, tenantId, selection);
  if (!asksForContent(condition)) return read(session, selection, selectionSql(tenantId, selection));
  if (isByTime(order)) {
    const wanted = limit + (skip ?? 0);
    const enough = await lookahead(session, tenantId, selection, wanted);
    if (enough !== undefined) {
      const page = await read(session, selection, beginningSql(tenantId, selection, enough));
      if (page.length === limit) return page;
    }
  }
  return read(session, selection, foundSql(tenantId, selection));
}

/**
 * How many entries of the order hold as many matches as are wanted, by a sample from its beginning; undefined where matches
 * are so rare that the index finds them sooner.
 */
async function lookahead(
  session: Session,
  tenantId: string,
  selection: Selection,
  wanted: number,
): Promise<number | undefined> {
  const {matches} = await sampled(session, tenantId, selection, SAMPLE);
  if (matches >= wanted) return SAMPLE;
  return matches < FREQUENT ? undefined : Math.ceil((2 * SAMPLE * wanted) / matches);
}

/** How many of the first entries of an order are under the condition, and how many there are. */
async function sampled(
  session: Session,
  tenantId: string,
  selection: Selection,
  size: number,
): Promise<{entries: number; matches: number}> {
  const parameters = new Parameters();
  const beginning = firstSql(tenantId, selection, size, parameters);
  const [row] = await session.rows(
    `SELECT count(*), count(*) FILTER (WHERE ${conditionSql(selection.condition, parameters)}) FROM (${beginning}) AS beginning`,
    parameters.values,
  );
  return {entries: Number(row?.[0]), matches: Number(row?.[1])};
}

/** The first entries of an order in the time of a condition, whatever else it asks for. */
function firstSql(tenantId: string, selection: Selection, entries: number, parameters: Parameters): string {
  const everything = {...selection, condition: timeOf(selection.condition)};
  return `SELECT * FROM audit_entries WHERE ${whereSql(tenantId, everything, parameters)}
    ${orderBySql(selection.order)} LIMIT ${parameters.add(entries)}`;
}

async function read(session: Session, {fields}: Selection, {text, values}: Sql): Promise<AuditEntry[]> {
  const columns = selectedColumns(fields);
  return (await session.rows(text, values)).map(row => entryFromRow(row, columns));
}

const isByTime = ([first]: readonly OrderTerm[]): boolean => first?.column.property === 'actedAt';

/** What is frequent fills a page from the first `entries` of the order: no more of them are looked at. */
function beginningSql(tenantId: string, selection: Selection & {limit: number}, entries: number): Sql {
  const parameters = new Parameters();
  const beginning = firstSql(tenantId, selection, entries, parameters);
  const text = `SELECT ${columnList(selectedColumns(selection.fields))} FROM (${beginning}) AS beginning
    WHERE ${conditionSql(selection.condition, parameters)} ${orderSql(selection, parameters)}`;
  return {text, values: parameters.values};
}

/** The part of a condition that bounds the time, by its top-level conjunction. */
function timeOf(condition: Condition): Condition {
  if (condition.kind === 'and') return {kind: 'and', of: condition.of.map(timeOf)};
  const isTime = condition.kind === 'compare' && condition.column.property === 'actedAt';
  return isTime ? condition : {kind: 'and', of: []};
}

/** What is rare is found first and ordered then: OFFSET 0 keeps the planner from looking for it in the order. */
function foundSql(tenantId: string, selection: Selection): Sql {
  const parameters = new Parameters();
  const found = `SELECT * FROM audit_entries WHERE ${whereSql(tenantId, selection, parameters)} OFFSET 0`;
  const columns = columnList(selectedColumns(selection.fields));
  const text = `SELECT ${columns} FROM (${found}) AS found ${orderSql(selection, parameters)}`;
  return {text, values: parameters.values};
}

/** Matches that are ranked: the newest. */
const RANKED = 1_000;

/** The best of the newest matches. */
async function findRanked(
  session: Session,
  tenantId: string,
  selection: Selection & {limit: number},
): Promise<AuditEntry[]> {
  const {condition, order, limit, skip, fields} = selection;
  const isFrequent = (await lookahead(session, tenantId, selection, RANKED)) !== undefined;
  const parameters = new Parameters();
  const found = `SELECT * FROM audit_entries WHERE ${whereSql(tenantId, selection, parameters)}`;
  const newest = `SELECT * FROM (${found}${isFrequent ? '' : ' OFFSET 0'}) AS found
    ${orderBySql(order)} LIMIT ${parameters.add(RANKED)}`;
  const relevance = relevanceSql(wordsOf(condition), parameters);
  const text = `SELECT ${columnList(selectedColumns(fields))} FROM (${newest}) AS newest
    ORDER BY ${relevance} DESC, ${orderTerms(order)} LIMIT ${parameters.add(limit)} OFFSET ${parameters.add(skip ?? 0)}`;
  return read(session, selection, {text, values: parameters.values});
}

/** Up to `cap` entries under a condition are counted; one more says that there are more. */
export async function countEntries(
  session: Session,
  tenantId: string,
  condition: Condition,
  cap: number,
): Promise<number> {
  const parameters = new Parameters();
  const where = `tenant_id = ${parameters.add(tenantId)} AND ${conditionSql(condition, parameters)}`;
  const some = `SELECT FROM audit_entries WHERE ${where} LIMIT ${parameters.add(cap + 1)}`;
  const [row] = await session.rows(`SELECT count(*) FROM (${some}) AS counted`, parameters.values);
  return Number(row?.[0]);
}

/** Entries that an estimate looks at. */
const ESTIMATED_FROM = 5_000;

/**
 * About how many entries are under a condition: the share of the newest 5,000 in its time, of all that were counted in that
 * time. The statistics of the database would tell of other tenants. Exact where there are fewer than 5,000.
 */
export async function estimateEntries(
  session: Session,
  tenantId: string,
  condition: Condition,
  order: readonly OrderTerm[],
): Promise<{count: number; exact: boolean}> {
  const {entries, matches} = await sampled(session, tenantId, {condition, order}, ESTIMATED_FROM);
  if (entries < ESTIMATED_FROM) return {count: matches, exact: true};
  const {from = '-infinity', to = 'infinity'} = timeRangeOf(condition);
  const [row] = await session.rows(
    `SELECT coalesce((SELECT sum(entries) FROM audit_counts WHERE tenant_id = $1 AND cube = 'outcome-hour'
                        AND at >= date_trunc('hour', $2::timestamptz) AND at <= $3::timestamptz), 0)
          + coalesce((SELECT tree.size - coalesce(counted.next_leaf, 0) FROM audit_trees tree
                        LEFT JOIN audit_counted counted USING (tenant_id) WHERE tree.tenant_id = $1), 0)`,
    [tenantId, from, to],
  );
  const all = Math.max(Number(row?.[0]), entries);
  return {count: Math.round((matches / entries) * all), exact: false};
}
