import type {Entity} from '@loopback/repository';
import type {ChangePolicy} from '../diff/change';

/** A property of a model as a statement records it. */
export interface RecordedColumn {
  property: string;
  /** Quoted for SQL. */
  column: string;
  kind: 'date' | 'bytes' | 'document' | 'text' | 'plain';
  masked: boolean;
}

/** The table of a model, as far as a statement must know it. */
export interface RecordedTable {
  /** Quoted, with its schema. */
  table: string;
  /** Quoted; more than one where the id is composite. */
  idColumns: readonly string[];
  /** The id must not be shown as it is. */
  isIdMasked: boolean;
  columns: readonly RecordedColumn[];
  /** Names that are withheld inside documents, besides those that are by default. */
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
  idNames: readonly string[],
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
    idColumns: idNames.map(name => connector.columnEscaped(modelName, name)),
    isIdMasked: idNames.some(isMasked),
    columns: properties.map(([property, {type}]) => ({
      property,
      column: connector.columnEscaped(modelName, property),
      kind: kindOf(type),
      masked: isMasked(property),
    })),
  };
}

const KINDS: Readonly<Record<string, RecordedColumn['kind']>> = {
  date: 'date',
  buffer: 'bytes',
  string: 'text',
  number: 'plain',
  boolean: 'plain',
};

/** What is no plain value is a document: objects, lists, any. */
function kindOf(type: unknown): RecordedColumn['kind'] {
  const name = typeof type === 'function' ? type.name : String(type);
  return KINDS[name.toLowerCase()] ?? 'document';
}
