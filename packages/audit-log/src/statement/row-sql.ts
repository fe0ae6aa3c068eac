import {MASKED_PARTS, MASKED_WORDS, WITHHELD} from '../diff/mask';
import type {DocumentNames, RecordedColumn, RecordedTable} from './recorded-table';

/** Pairs that one call of json_build_object takes: PostgreSQL gives a function at most 100 arguments. */
const PAIRS = 40;

/** A column of a row, by the alias under which a statement knows the row. */
const columnOf = (row: string, column: string): string => `(${row}).${column}`;

/**
 * The id of a row as text.
 *
 * @param withhold gives its SHA-256 where it must not be shown, which still tells rows apart
 */
export function idSql(row: string, {idColumns, isIdMasked}: RecordedTable, withhold: boolean): string {
  const texts = idColumns.map(column => `${columnOf(row, column)}::text`);
  const id = texts.length === 1 ? `${texts[0]}` : `json_build_array(${texts.join(', ')})::text`;
  return withhold && isIdMasked ? `encode(sha256(convert_to(${id}, 'UTF8')), 'hex')` : id;
}

/** That two rows have the same id. */
export const sameIdSql = (a: string, b: string, {idColumns}: RecordedTable): string =>
  idColumns.map(column => `${columnOf(a, column)} = ${columnOf(b, column)}`).join(' AND ');

/**
 * A row as the JSON object of its properties.
 *
 * @param withhold replaces what must not be shown; without it the values are as they are
 */
export function stateSql(row: string, {columns, named}: RecordedTable, withhold: boolean): string {
  const pairs = columns.map(column => {
    const value = withhold ? shownSql(row, column, named) : valueSql(row, column);
    return `${literal(column.property)}, ${value}`;
  });
  if (pairs.length <= PAIRS) return `json_build_object(${pairs.join(', ')})`;
  const chunks: string[] = [];
  for (let from = 0; from < pairs.length; from += PAIRS) {
    chunks.push(`jsonb_build_object(${pairs.slice(from, from + PAIRS).join(', ')})`);
  }
  return `(${chunks.join(' || ')})::json`;
}

/** The names of the properties that differ between two rows, or that one row has; as an array of text. */
export function changedFieldsSql(columns: readonly RecordedColumn[], was?: string, is?: string): string {
  const names = columns.map(column => {
    const row = was ?? is ?? '';
    const differs =
      was && is
        ? `${comparedSql(was, column)} IS DISTINCT FROM ${comparedSql(is, column)}`
        : `${columnOf(row, column.column)} IS NOT NULL`;
    return `CASE WHEN ${differs} THEN ${literal(column.property)} END`;
  });
  return `array_remove(ARRAY[${names.join(', ')}]::text[], NULL)`;
}

/** A column in a form in which equal values are equal; not every type of PostgreSQL can be compared. */
function comparedSql(row: string, {column, kind}: RecordedColumn): string {
  const value = columnOf(row, column);
  if (kind === 'bytes') return value;
  return kind === 'text' ? `${value}::text` : `to_jsonb(${value})`;
}

/** A column as the entry shows it. */
function shownSql(row: string, column: RecordedColumn, {masked, unmasked}: DocumentNames): string {
  const value = columnOf(row, column.column);
  if (column.masked) return `CASE WHEN ${value} IS NOT NULL THEN ${literal(WITHHELD)} END`;
  if (column.kind !== 'document') return valueSql(row, column);
  return `audit_shown(to_jsonb(${value}), ${literal(suspects(masked))}, ${list(masked)}, ${list(unmasked)})`;
}

const list = (names: readonly string[]): string => `ARRAY[${names.map(literal).join(', ')}]::text[]`;

/**
 * What the letters of a document must have in them for a name in it to be withheld. Most documents hold nothing
 * of it, and a glance at their letters is cheaper than a walk through them. A backslash hides letters.
 */
function suspects(names: readonly string[]): string {
  const letters = names.map(name => name.replace(/[^A-Za-z0-9]+/g, ''));
  return ['\\\\', ...MASKED_PARTS, ...MASKED_WORDS, ...letters].join('|');
}

/** A column as JSON knows it. */
function valueSql(row: string, {column, kind}: RecordedColumn): string {
  const value = columnOf(row, column);
  if (kind === 'date') return momentSql(value);
  if (kind === 'bytes') return `translate(encode(${value}, 'base64'), E'\\n', '')`;
  return kind === 'text' ? `${value}::text` : value;
}

/**
 * A moment as RFC 3339 in UTC, with microseconds where it has them. What has no time zone, or no end, is told as
 * it is: in which zone it was meant, the database does not know.
 */
function momentSql(value: string): string {
  const moment = `${value}::text::timestamptz`;
  const precision = `CASE WHEN date_part('microseconds', ${moment})::int % 1000 = 0 THEN 'MS' ELSE 'US' END`;
  const utc = `to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.' || ${precision} || '"Z"')`;
  return `CASE WHEN pg_typeof(${value}) <> 'timestamptz'::regtype THEN to_json(${value}) #>> '{}'
    WHEN isfinite(${moment}) THEN ${utc} ELSE ${value}::text END`;
}

/** A name of the model as a literal; PostgreSQL's quotes are doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
