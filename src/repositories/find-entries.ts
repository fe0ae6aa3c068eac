import type {AuditEntry} from '@loopback-audit/audit-log';
import {type Condition, wordsOf} from '../models/condition';
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
  if (selection.ranked) return read(session, selection, rankedSql(tenantId, selection));
  if (!asksForContent(condition)) return read(session, selection, selectionSql(tenantId, selection));
  if (isByTime(order) && !skip) {
    const sample = await read(session, selection, beginningSql(tenantId, selection, Math.max(SAMPLE, limit)));
    if (sample.length === limit) return sample;
    if (sample.length >= FREQUENT) {
      const enough = Math.ceil((2 * SAMPLE * limit) / sample.length);
      const page = await read(session, selection, beginningSql(tenantId, selection, enough));
      if (page.length === limit) return page;
    }
  }
  return read(session, selection, foundSql(tenantId, selection));
}

async function read(session: Session, {fields}: Selection, {text, values}: Sql): Promise<AuditEntry[]> {
  const columns = selectedColumns(fields);
  return (await session.rows(text, values)).map(row => entryFromRow(row, columns));
}

const isByTime = ([first]: readonly OrderTerm[]): boolean => first?.column.property === 'actedAt';

/** What is frequent fills a page from the first `entries` of the order: no more of them are looked at. */
function beginningSql(tenantId: string, selection: Selection & {limit: number}, entries: number): Sql {
  const parameters = new Parameters();
  const {condition, order, limit, fields} = selection;
  const everything = {...selection, condition: timeOf(condition)};
  const beginning = `SELECT * FROM audit_entries WHERE ${whereSql(tenantId, everything, parameters)}
    ${orderBySql(order)} LIMIT ${parameters.add(entries)}`;
  const text = `SELECT ${columnList(selectedColumns(fields))} FROM (${beginning}) AS beginning
    WHERE ${conditionSql(condition, parameters)} ${orderBySql(order)} LIMIT ${parameters.add(limit)}`;
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
const RANKED = 10_000;

/** The best of the newest matches. */
function rankedSql(tenantId: string, selection: Selection & {limit: number}): Sql {
  const parameters = new Parameters();
  const {condition, order, limit, skip, fields} = selection;
  const found = `SELECT * FROM audit_entries WHERE ${whereSql(tenantId, selection, parameters)} OFFSET 0`;
  const newest = `SELECT * FROM (${found}) AS found ${orderBySql(order)} LIMIT ${parameters.add(RANKED)}`;
  const relevance = relevanceSql(wordsOf(condition), parameters);
  const text = `SELECT ${columnList(selectedColumns(fields))} FROM (${newest}) AS newest
    ORDER BY ${relevance} DESC, ${orderTerms(order)} LIMIT ${parameters.add(limit)} OFFSET ${parameters.add(skip ?? 0)}`;
  return {text, values: parameters.values};
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

/** How many entries the planner expects under a condition, from its statistics: nothing is read. */
export async function estimateEntries(
  session: Session,
  tenantId: string,
  condition: Condition,
): Promise<number> {
  const parameters = new Parameters();
  const where = `tenant_id = ${parameters.add(tenantId)} AND ${conditionSql(condition, parameters)}`;
  const explained = `EXPLAIN (FORMAT JSON) SELECT FROM audit_entries WHERE ${where}`;
  const rows = (await session.rows(explained, parameters.values)) as [{Plan: {'Plan Rows': number}}][][];
  return rows[0]?.[0]?.[0].Plan['Plan Rows'] ?? 0;
}
