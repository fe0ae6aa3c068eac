import {OUTBOX_TABLE} from '../outbox/outbox-table';
import {changedFieldsSql, type RecordedTable, stateSql} from './recorded-columns';

export type StatementKind = 'INSERT' | 'UPDATE' | 'DELETE';

/** A statement that changes a table and, in the same breath, tells the outbox of each row that it changed. */
export interface RecordingStatement {
  kind: StatementKind;
  text: string;
}

/** A UUID of version 7 (RFC 9562), made by PostgreSQL 14 and later. */
const ENTRY_ID = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid`;
const ACTED_AT = `to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * Rewrites a statement of the connector so that it also fills the outbox: one statement, one round trip, and
 * both or neither. Before and after are what the database held and holds, defaults and computed columns
 * included; an update reads its rows under lock.
 *
 * @param common number of the parameter with what all entries share, as JSON
 * @param keepUnchanged records rows that an update has left as they were
 * @returns undefined where the statement does not change the table
 */
export function recordingSql(
  sql: string,
  target: RecordedTable,
  common: number,
  keepUnchanged = false,
): RecordingStatement | undefined {
  const statement = sql.trim().replace(/;$/, '');
  return (
    insertSql(statement, target, common) ??
    updateSql(statement, target, common, keepUnchanged) ??
    deleteSql(statement, target, common)
  );
}

function insertSql(sql: string, target: RecordedTable, common: number): RecordingStatement | undefined {
  const rest = after(sql, `INSERT INTO ${target.table}`);
  if (rest === undefined) return undefined;
  const [, values = rest, returning] = /^(.*?)\s+RETURNING\s+(.*)$/s.exec(rest) ?? [];
  const is = 'changed.row_is';
  const entry = entrySql(target, common, undefined, is);
  const columns = returning?.split(',').map(column => `(${is}).${column.trim()} AS ${column.trim()}`);
  return {
    kind: 'INSERT',
    text: `WITH changed AS (INSERT INTO ${target.table} AS row_is ${values} RETURNING row_is),
      recorded AS (INSERT INTO ${OUTBOX_TABLE} (entry) SELECT ${entry} FROM changed)
      SELECT ${columns?.join(', ') ?? '1'} FROM changed`,
  };
}

function updateSql(
  sql: string,
  target: RecordedTable,
  common: number,
  keepUnchanged: boolean,
): RecordingStatement | undefined {
  const rest = after(sql, `UPDATE ${target.table}`);
  if (rest === undefined) return undefined;
  const [, assignments = rest, where = ''] = /^(.*?)(\s+WHERE\s.*)$/s.exec(rest) ?? [];
  const [was, is] = ['changed.row_was', 'changed.row_is'];
  const unchanged = keepUnchanged ? '' : `WHERE changed.fields <> '[]'`;
  const fields = changedFieldsSql(target.columns, 'locked.row_was', 'row_is');
  return {
    kind: 'UPDATE',
    text: `WITH changed AS (UPDATE ${target.table} AS row_is ${assignments}
        FROM (SELECT held AS row_was FROM ${target.table} AS held ${where} FOR UPDATE) AS locked
        WHERE row_is.${target.idColumn} = (locked.row_was).${target.idColumn}
        RETURNING locked.row_was, row_is, ${fields} AS fields),
      recorded AS (INSERT INTO ${OUTBOX_TABLE} (entry) SELECT ${entrySql(target, common, was, is)} FROM changed ${unchanged})
      SELECT count(*)::int AS count FROM changed`,
  };
}

function deleteSql(sql: string, target: RecordedTable, common: number): RecordingStatement | undefined {
  const where = after(sql, `DELETE FROM ${target.table}`);
  if (where === undefined) return undefined;
  const was = 'changed.row_was';
  return {
    kind: 'DELETE',
    text: `WITH changed AS (DELETE FROM ${target.table} AS row_was ${where} RETURNING row_was),
      recorded AS (INSERT INTO ${OUTBOX_TABLE} (entry) SELECT ${entrySql(target, common, was)} FROM changed)
      SELECT count(*)::int AS count FROM changed`,
  };
}

function entrySql(target: RecordedTable, common: number, was?: string, is?: string): string {
  const {columns, idColumn} = target;
  const parts = [
    `'id', ${ENTRY_ID}`,
    `'actedAt', ${ACTED_AT}`,
    `'entityId', ((${is ?? was}).${idColumn})::text`,
    ...(was ? [`'before', ${stateSql(was, target)}`] : []),
    ...(is ? [`'after', ${stateSql(is, target)}`] : []),
    `'changedFields', ${was && is ? 'changed.fields' : changedFieldsSql(columns, was, is)}`,
  ];
  return `($${common}::jsonb || jsonb_build_object(${parts.join(', ')}))::json`;
}

/** What follows a beginning, where the text has it and goes on with something else than a name. */
const after = (text: string, beginning: string): string | undefined =>
  text.startsWith(beginning) && /^([\s(]|$)/.test(text.slice(beginning.length))
    ? text.slice(beginning.length)
    : undefined;

/** Whether a statement may change the table although it is none that can be recorded. */
export const mayChange = (sql: string, {table}: RecordedTable): boolean =>
  /^\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|WITH)\b/i.test(sql) && sql.includes(table);
