import type {Entity} from '@loopback/repository';
import {WITHHELD} from '../diff/mask';

/** A property of a model as a statement records it. */
export interface RecordedColumn {
  property: string;
  /** Quoted for SQL. */
  column: string;
  kind: 'date' | 'bytes' | 'json' | 'plain';
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
  isMasked: (property: string) => boolean,
  ignored: readonly string[],
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
  [String, 'plain'],
  ['string', 'plain'],
  [Number, 'plain'],
  ['number', 'plain'],
  [Boolean, 'plain'],
  ['boolean', 'plain'],
]);

/** What is no plain value is JSON: objects, lists, any. */
const kindOf = (type: unknown): RecordedColumn['kind'] => KINDS.get(type) ?? 'json';

/** Pairs that one call of jsonb_build_object takes: PostgreSQL gives a function at most 100 arguments. */
const PAIRS = 40;

/** A row as the JSON object of its properties; what is withheld is replaced where it has a value. */
export function stateSql(row: string, {columns, masked}: RecordedTable): string {
  const pairs = columns.map(column => `${literal(column.property)}, ${valueSql(row, column, masked)}`);
  const chunks: string[] = [];
  for (let from = 0; from < pairs.length; from += PAIRS) {
    chunks.push(`jsonb_build_object(${pairs.slice(from, from + PAIRS).join(', ')})`);
  }
  return chunks.join(' || ') || "'{}'::jsonb";
}

/** The names of the properties that differ between two rows, or that one row has; as a JSON array. */
export function changedFieldsSql(columns: readonly RecordedColumn[], was?: string, is?: string): string {
  const names = columns.map(({property, column}) => {
    const differs =
      was && is
        ? `to_jsonb((${was}).${column}) IS DISTINCT FROM to_jsonb((${is}).${column})`
        : `(${was ?? is}).${column} IS NOT NULL`;
    return `CASE WHEN ${differs} THEN ${literal(property)} END`;
  });
  return `to_jsonb(array_remove(ARRAY[${names.join(', ')}]::text[], NULL))`;
}

function valueSql(row: string, {column, kind, masked}: RecordedColumn, names: readonly string[]): string {
  const value = `(${row}).${column}`;
  if (masked) return `CASE WHEN ${value} IS NOT NULL THEN ${literal(WITHHELD)} END`;
  if (kind === 'date') {
    return `to_char(${value}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  }
  if (kind === 'bytes') return `translate(encode(${value}, 'base64'), E'\\n', '')`;
  if (kind === 'json') {
    return `audit_withhold(to_jsonb(${value}), ARRAY[${names.map(literal).join(', ')}]::text[])`;
  }
  return value;
}

/** A name of the model as a literal; PostgreSQL's quotes are doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
