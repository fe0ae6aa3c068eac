import type {AuditEntry} from '@loopback-audit/audit-log';
import {ENTRY_COLUMNS, type EntryColumn} from '../models/entry-columns';

/** A row of `columns` as an entry; what is absent in the row is left out. */
export function entryFromRow(
  row: readonly unknown[],
  columns: readonly EntryColumn[] = ENTRY_COLUMNS,
): AuditEntry {
  const entry: Record<string, unknown> = {};
  for (const [i, {property}] of columns.entries()) {
    if (row[i] !== null) entry[property] = row[i];
  }
  return entry as unknown as AuditEntry;
}

/** The columns that a selection answers, in the table's order. */
export const selectedColumns = (fields?: ReadonlySet<keyof AuditEntry>): readonly EntryColumn[] =>
  fields ? ENTRY_COLUMNS.filter(({property}) => fields.has(property)) : ENTRY_COLUMNS;

export const columnList = (columns: readonly EntryColumn[] = ENTRY_COLUMNS): string =>
  columns.map(({column}) => column).join(', ');
