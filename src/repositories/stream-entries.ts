import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Selection} from '../models/selection';
import type {Session} from './database';
import {entryFromRow, selectedColumns} from './entry-row';
import {selectionSql} from './find-entries';

/** Entries that one fetch brings: few, so that other callers get their turn between two pages. */
const PAGE_SIZE = 50;

/** The pages of a selection, fetched one at a time from a cursor as they are consumed. */
export function streamEntries(
  session: Session,
  tenantId: string,
  selection: Selection,
): AsyncGenerator<AuditEntry[]> {
  const {text, values} = selectionSql(tenantId, selection);
  return cursorPages(session, text, values, selection.fields);
}

/** Pages of a query whose columns are those of the entry, or the `fields` of them. */
export async function* cursorPages(
  session: Session,
  text: string,
  values: readonly unknown[],
  fields?: ReadonlySet<keyof AuditEntry>,
): AsyncGenerator<AuditEntry[]> {
  const columns = selectedColumns(fields);
  for await (const rows of cursorRows(session, text, values))
    yield rows.map(row => entryFromRow(row, columns));
}

/** The rows of a query, a page at a time as they are consumed. */
export async function* cursorRows(
  session: Session,
  text: string,
  values: readonly unknown[],
  pageSize: number = PAGE_SIZE,
): AsyncGenerator<unknown[][]> {
  await session.rows(`DECLARE audit_page NO SCROLL CURSOR FOR ${text}`, values);
  for (;;) {
    const rows = await session.rows(`FETCH ${pageSize} FROM audit_page`);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) break;
  }
  await session.rows('CLOSE audit_page');
}
