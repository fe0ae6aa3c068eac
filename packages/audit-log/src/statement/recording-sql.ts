import {OUTBOX_TABLE} from '../outbox/outbox-table';
import type {RecordedTable} from './recorded-table';
import {changedFieldsSql, idSql, sameIdSql, stateSql} from './row-sql';

export type StatementKind = 'INSERT' | 'UPDATE' | 'DELETE';

/** A statement that changes a table and, in the same breath, tells of each row that it changed. */
export interface RecordingStatement {
  kind: StatementKind;
  text: string;
}

/** Where a statement tells of the rows that it changes. */
export type Telling =
  /**
   * The outbox, with what all entries share as JSON in the parameter of that number. Rows that an update has left
   * as they were are told of only where `keepUnchanged`.
   */
  | {to: 'outbox'; parameter: number; keepUnchanged: boolean}
  /** The client, which gets {@link TOLD_ID}, {@link TOLD_BEFORE} and {@link TOLD_AFTER} of every row. */
  | {to: 'client'};

/** Columns of the result that hold a row's id, and it as it was and as it is in JSON, for the client. */
export const TOLD_ID = 'audit_id';
export const TOLD_BEFORE = 'audit_before';
export const TOLD_AFTER = 'audit_after';

/** The rows of a statement; no table has columns of these names. */
const WAS = 'audit_row_was';
const IS = 'audit_row_is';
const CHANGED = 'audit_changed';

/**
 * Rewrites a statement of the connector so that it also tells of its changes: one statement, one round trip.
 * Before and after are what the database held and holds, defaults and computed columns included; an update
 * reads its rows under lock.
 *
 * @returns undefined where the statement does not change the table
 */
export function recordingSql(
  sql: string,
  target: RecordedTable,
  telling: Telling,
): RecordingStatement | undefined {
  const statement = sql.trim().replace(/;$/, '');
  return (
    insertSql(statement, target, telling) ??
    updateSql(statement, target, telling) ??
    deleteSql(statement, target, telling)
  );
}

function insertSql(sql: string, target: RecordedTable, telling: Telling): RecordingStatement | undefined {
  const rest = after(sql, `INSERT INTO ${target.table}`);
  if (rest === undefined) return undefined;
  const [values, returning] = splitAt(rest, 'RETURNING');
  const insert = `INSERT INTO ${target.table} AS ${IS} ${values} RETURNING`;
  const wanted = returning?.split(',').map(column => column.trim()) ?? [];
  if (telling.to === 'client') {
    return {kind: 'INSERT', text: `${insert} ${[...wanted, toldSql(target, undefined, IS)].join(', ')}`};
  }
  const is = `${CHANGED}.${IS}`;
  const answer = wanted.map(column => `(${is}).${column} AS ${column}`).join(', ');
  return {
    kind: 'INSERT',
    text: `WITH ${CHANGED} AS (${insert} ${IS}), ${outboxSql(target, telling.parameter, undefined, is)}
      SELECT ${answer || '1'} FROM ${CHANGED}`,
  };
}

function updateSql(sql: string, target: RecordedTable, telling: Telling): RecordingStatement | undefined {
  const rest = after(sql, `UPDATE ${target.table}`);
  if (rest === undefined) return undefined;
  const [assignments, where] = splitAt(rest, 'WHERE');
  const held = `audit_locked.${WAS}`;
  const update = `UPDATE ${target.table} AS ${IS} ${assignments}
    FROM (SELECT audit_held AS ${WAS} FROM ${target.table} AS audit_held
      ${where ? `WHERE ${where}` : ''} FOR UPDATE) AS audit_locked
    WHERE ${sameIdSql(IS, held, target)} RETURNING`;
  if (telling.to === 'client') return {kind: 'UPDATE', text: `${update} ${toldSql(target, held, IS)}`};
  const fields = changedFieldsSql(target.columns, held, IS);
  const which = telling.keepUnchanged ? '' : `WHERE cardinality(${CHANGED}.audit_fields) > 0`;
  const told = outboxSql(target, telling.parameter, `${CHANGED}.${WAS}`, `${CHANGED}.${IS}`, which);
  return {
    kind: 'UPDATE',
    text: `WITH ${CHANGED} AS (${update} ${held}, ${IS}, ${fields} AS audit_fields), ${told}
      SELECT count(*)::int AS count FROM ${CHANGED}`,
  };
}

function deleteSql(sql: string, target: RecordedTable, telling: Telling): RecordingStatement | undefined {
  const where = after(sql, `DELETE FROM ${target.table}`);
  if (where === undefined) return undefined;
  const remove = `DELETE FROM ${target.table} AS ${WAS} ${where} RETURNING`;
  if (telling.to === 'client') return {kind: 'DELETE', text: `${remove} ${toldSql(target, WAS)}`};
  return {
    kind: 'DELETE',
    text: `WITH ${CHANGED} AS (${remove} ${WAS}), ${outboxSql(target, telling.parameter, `${CHANGED}.${WAS}`)}
      SELECT count(*)::int AS count FROM ${CHANGED}`,
  };
}

/** A row before and after, for the client; what is withheld is left to it. */
function toldSql(target: RecordedTable, was?: string, is?: string): string {
  const told = [
    `${idSql(is ?? was ?? '', target, false)} AS ${TOLD_ID}`,
    ...(was ? [`${stateSql(was, target, false)} AS ${TOLD_BEFORE}`] : []),
    ...(is ? [`${stateSql(is, target, false)} AS ${TOLD_AFTER}`] : []),
  ];
  return told.join(', ');
}

/** Puts every changed row into the outbox. */
function outboxSql(target: RecordedTable, common: number, was?: string, is?: string, which = ''): string {
  const fields = was && is ? `${CHANGED}.audit_fields` : changedFieldsSql(target.columns, was, is);
  const columns = {
    entry: `$${common}::json`,
    entity_id: idSql(is ?? was ?? '', target, true),
    ...(was && {before: stateSql(was, target, true)}),
    ...(is && {after: stateSql(is, target, true)}),
    changed_fields: fields,
  };
  return `audit_recorded AS (INSERT INTO ${OUTBOX_TABLE} (${Object.keys(columns).join(', ')})
      SELECT ${Object.values(columns).join(', ')} FROM ${CHANGED} ${which})`;
}

/** What follows a beginning, where the text has it and goes on with something else than a name. */
const after = (text: string, beginning: string): string | undefined =>
  text.startsWith(beginning) && /^([\s(]|$)/.test(text.slice(beginning.length))
    ? text.slice(beginning.length)
    : undefined;

/** What comes before and after a keyword that stands outside of quotes. */
function splitAt(sql: string, keyword: string): [before: string, after?: string] {
  const outside = new RegExp(`"(?:[^"]|"")*"|'(?:[^']|'')*'|\\s${keyword}\\s`, 'g');
  for (const {0: found, index} of sql.matchAll(outside)) {
    if (found.trim() === keyword) return [sql.slice(0, index), sql.slice(index + found.length)];
  }
  return [sql];
}

/** Whether a statement may change the table although it is none that can be recorded. */
export function mayChange(sql: string, {table}: RecordedTable): boolean {
  if (!/^\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|WITH)\b/i.test(sql)) return false;
  return sql
    .split(table)
    .slice(0, -1)
    .some(before => CHANGING.test(before));
}

const CHANGING = /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(\s+TABLE)?)\s+(ONLY\s+)?$/i;
