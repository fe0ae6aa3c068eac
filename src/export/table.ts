import {setImmediate} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {type ColumnKind, ENTRY_COLUMNS} from '../models/entry-columns';
import type {EntryPages} from './export-format';

/**
 * Shapes the columns of an export: one page of entries in, one object a row out. The keys of the
 * first object are the columns, in their order; keys that only later objects have are left out.
 */
export type ColumnBuilder = (
  entries: readonly AuditEntry[],
) => Promise<Record<string, unknown>[]> | Record<string, unknown>[];

/** A column of an export. Columns shaped by a `ColumnBuilder` have no kind: their values decide. */
export interface TableColumn {
  readonly name: string;
  readonly kind?: ColumnKind;
}

/** Some rows of an export, each as long as there are columns. */
export interface TablePage {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

const entryColumns: readonly TableColumn[] = ENTRY_COLUMNS.map(({property, kind}) => ({
  name: property,
  kind,
}));

/**
 * Turns pages of entries into pages of rows. Without a builder the columns are `ENTRY_COLUMNS`, and
 * one page comes even when there are no entries, so that a header can be written. Between pages the
 * event loop runs.
 */
export async function* tablePages(pages: EntryPages, build?: ColumnBuilder): AsyncGenerator<TablePage> {
  if (build === undefined) {
    let empty = true;
    for await (const page of pages) {
      empty = false;
      yield {
        columns: entryColumns,
        rows: page.map(entry => ENTRY_COLUMNS.map(column => entry[column.property])),
      };
      await setImmediate();
    }
    if (empty) yield {columns: entryColumns, rows: []};
    return;
  }
  let columns: TableColumn[] | undefined;
  for await (const built of objectPages(pages, build)) {
    const first = built[0];
    if (first === undefined) continue;
    columns ??= Object.keys(first).map(name => ({name}));
    const names = columns.map(column => column.name);
    yield {columns, rows: built.map(row => names.map(name => row[name]))};
  }
}

/** Pages of the objects that are exported: the entries themselves, or what the builder makes of them. */
export async function* objectPages(
  pages: EntryPages,
  build: ColumnBuilder = entries => entries.map(present),
): AsyncGenerator<readonly Record<string, unknown>[]> {
  for await (const page of pages) {
    yield await build(page);
    await setImmediate();
  }
}

const present = (entry: AuditEntry): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined && value !== null));
