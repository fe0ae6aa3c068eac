import type {Entity} from '@loopback/repository';
import type {ChangePolicy} from '../diff/change';
import {MASKED_PARTS, MASKED_WORDS, WITHHELD} from '../diff/mask';

/** A property of a model as a statement records it. */
export interface RecordedColumn {
  property: string;
  /** Quoted for SQL. */
  column: string;
  kind: 'date' | 'bytes' | 'json' | 'text' | 'plain';
  masked: boolean;
}

/** The table of a model, as far as a statement must know it. */
export interface RecordedTable {
  /** Quoted, with its schema. */
  table: string;
  idColumn: string;
  columns: readonly RecordedColumn[];
  /** Names that are withheld inside JSON columns, besides those that are by default. */
  masked: readonly string[];
}

/** How a connector names tables and columns. */
export interface NamingConnector {
  tableEscaped(model: string): string;
  columnEscaped(model: string, property: string): string;
}

/** The properties of a model that are recorded, in the model's order. */
export function recordedTable(
  entityClass: typeof Entity,
  idName: string,
  connector: NamingConnector,
  {isMasked, ignored}: ChangePolicy,
  masked: readonly string[],
): RecordedTable {
  const {modelName, definition} = entityClass;
  const properties = Object.entries(definition.properties).filter(
    ([property]) => !ignored.includes(property),
  );
  return {
    masked,
    table: connector.tableEscaped(modelName),
    idColumn: connector.columnEscaped(modelName, idName),
    columns: properties.map(([property, {type}]) => ({
      property,
      column: connector.columnEscaped(modelName, property),
      kind: kindOf(type),
      masked: isMasked(property),
    })),
  };
}

const KINDS = new Map<unknown, RecordedColumn['kind']>([
  [Date, 'date'],
  ['date', 'date'],
  [Buffer, 'bytes'],
  ['buffer', 'bytes'],
  [String, 'text'],
  ['string', 'text'],
  [Number, 'plain'],
  ['number', 'plain'],
  [Boolean, 'plain'],
  ['boolean', 'plain'],
]);

/** What is no plain value is JSON: objects, lists, any. */
const kindOf = (type: unknown): RecordedColumn['kind'] => KINDS.get(type) ?? 'json';

/** Pairs that one call of json_build_object takes: PostgreSQL gives a function at most 100 arguments. */
const PAIRS = 40;

/** The columns of a row, by the alias under which a statement knows it. */
const columnOf = (row: string, column: string): string => `(${row}).${column}`;

/**
 * A row as the JSON object of its properties.
 *
 * @param withhold replaces what must not be shown; without it the values are as they are
 */
export function stateSql(row: string, {columns, masked}: RecordedTable, withhold: boolean): string {
  const pairs = columns.map(column => {
    const value = withhold ? shownSql(row, column, masked) : valueSql(row, column);
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
  if (kind === 'json') return `to_jsonb(${value})`;
  return kind === 'text' ? `${value}::text` : value;
}

/** A column as the entry shows it. */
function shownSql(row: string, column: RecordedColumn, names: readonly string[]): string {
  const value = columnOf(row, column.column);
  if (column.masked) return `CASE WHEN ${value} IS NOT NULL THEN ${literal(WITHHELD)} END`;
  if (column.kind !== 'json') return valueSql(row, column);
  const list = `ARRAY[${names.map(literal).join(', ')}]::text[]`;
  // Most documents hold nothing to withhold: a glance at their letters is cheaper than a walk through them.
  return `CASE WHEN regexp_replace(${value}::text, '[^A-Za-z0-9\\\\]+', '', 'g') ~* ${literal(suspects(names))}
    THEN audit_withhold(to_jsonb(${value}), ${list}) ELSE to_jsonb(${value}) END`;
}

/** What the letters of a document must have in them for a name in it to be withheld. A backslash hides letters. */
function suspects(names: readonly string[]): string {
  const letters = names.map(name => name.replace(/[^A-Za-z0-9]+/g, ''));
  return ['\\\\', ...MASKED_PARTS, ...MASKED_WORDS, ...letters].join('|');
}

/** A column as JSON knows it. */
function valueSql(row: string, {column, kind}: RecordedColumn): string {
  const value = columnOf(row, column);
  if (kind === 'date') {
    return `to_char(${value}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  }
  if (kind === 'bytes') return `translate(encode(${value}, 'base64'), E'\\n', '')`;
  return kind === 'text' ? `${value}::text` : value;
}

/** A name of the model as a literal; PostgreSQL's quotes are doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
