import {ENTRY_COLUMNS} from '../models/entry-columns';
import {columnList} from './entry-row';

const RECORD_TYPES = {
  uuid: 'uuid',
  text: 'text',
  time: 'timestamptz',
  json: 'jsonb',
  textArray: 'text[]',
  ip: 'inet',
  bigint: 'bigint',
  bytes: 'text',
} as const;

/** Entries as JSON, as json_to_recordset reads them; it takes the place of a row's type. */
export const ENTRY_RECORD = ENTRY_COLUMNS.map(
  ({property, kind}) => `"${property}" ${RECORD_TYPES[kind]}`,
).join(', ');

/** The same, each with its place in the list, from 1, as `place`; of the JSON that is the statement's second value. */
export const NUMBERED_ENTRIES = `ROWS FROM (json_to_recordset($2) AS (${ENTRY_RECORD})) WITH ORDINALITY
  AS entry (${ENTRY_COLUMNS.map(({property}) => `"${property}"`).join(', ')}, place)`;

/** The values of a row of `entry`, in the order of the table's columns. Bytes are hexadecimal text in JSON. */
export const ENTRY_VALUES = ENTRY_COLUMNS.map(({property, kind}) =>
  kind === 'bytes' ? `decode(entry."${property}", 'hex')` : `entry."${property}"`,
).join(', ');

/** Inserts entries, given as JSON, into `table`; the statement takes the JSON as its one value. */
export const insertSql = (table: string): string =>
  `INSERT INTO ${table} (${columnList()}) SELECT ${ENTRY_VALUES} FROM json_to_recordset($1) AS entry (${ENTRY_RECORD})`;
