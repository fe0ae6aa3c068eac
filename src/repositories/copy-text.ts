import type {AuditEntry, JsonValue} from '@loopback-audit/audit-log';
import {type ColumnKind, ENTRY_COLUMNS} from '../models/entry-columns';

/**
 * The columns that a writer fills in, in the order of {@link rowText}: the tenant is the database's to give, and the
 * leaf index, which is known last, comes first.
 */
export const COPIED_COLUMNS: readonly string[] = [
  'leaf_index',
  ...ENTRY_COLUMNS.map(({column}) => column).filter(
    column => column !== 'tenant_id' && column !== 'leaf_index',
  ),
];

const ABSENT = '\\N';

/** What the text format of COPY would take for something else. */
const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = {'\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t'};

const escaped = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[\\\n\r\t]/g, character => ESCAPES[character] ?? character) : text;

const WRITERS: Readonly<Record<ColumnKind, (value: unknown) => string>> = {
  uuid: String,
  text: value => escaped(String(value)),
  time: String,
  json: value => escaped(JSON.stringify(value as JsonValue)),
  textArray: value => escaped(arrayText(value as readonly string[])),
  ip: String,
  bigint: String,
  bytes: value => `\\\\x${value}`,
};

/** A list of texts as PostgreSQL reads it. */
const arrayText = (items: readonly string[]): string =>
  `{${items.map(item => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

const COLUMNS = ENTRY_COLUMNS.filter(({property}) => property !== 'tenantId' && property !== 'leafIndex').map(
  ({property, kind}) => ({property, write: WRITERS[kind]}),
);

/**
 * An entry as a row of COPY (PostgreSQL, COPY: text format), but for the leaf index, which goes before it, and the end
 * of the line.
 */
export function rowText(entry: AuditEntry): string {
  const cells = COLUMNS.map(({property, write}) => {
    const value = entry[property];
    return value === undefined ? ABSENT : write(value);
  });
  // Joined, not added up: the sum of texts is kept as its parts, and many rows wait.
  return `\t${cells.join('\t')}`;
}
