import type {RequestContext} from '@loopback/rest';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {readCursor, writeCursor} from '../query/cursor';
import type {ReadQuery} from '../query/parameters';
import type {AuditTrailRepository} from '../repositories/audit-trail.repository';
import {pageLinks} from './page-links';

/** What a page is read by: a selection, its length, and the moment that it takes for now. */
export type PageQuery = ReadQuery & {limit: number; now: string};

/**
 * One page of entries; the headers of the answer say where the next one and the one before are.
 *
 * @throws AuditError INVALID_CURSOR
 */
export async function entryPage(
  auditLogs: AuditTrailRepository,
  context: RequestContext,
  tenantId: string,
  {selection: asked, limit, cursor, now}: PageQuery,
): Promise<Partial<AuditEntry>[]> {
  const key = await auditLogs.cursorSecret();
  const scope = {tenantId, selection: asked, now};
  const place = cursor === undefined ? undefined : readCursor(key, scope, cursor);
  const needed =
    asked.fields && new Set([...asked.fields, ...asked.order.map(({column}) => column.property)]);
  const selection = {...asked, ...place, ...(needed && {fields: needed})};
  const {entries, more} = await auditLogs.find(tenantId, selection, limit);
  const [first, last] = [entries.at(0), entries.at(-1)];
  const backward = place?.backward === true;
  const isThereNext = !asked.ranked && (backward || more);
  const isTherePrevious = backward ? more : place !== undefined;
  pageLinks(context, {
    ...(isThereNext && last && {next: writeCursor(key, scope, last)}),
    ...(isTherePrevious && first && {prev: writeCursor(key, scope, first, true)}),
  });
  const {fields} = asked;
  return fields ? entries.map(entry => only(entry, fields)) : entries;
}

/** An entry with some of its properties. */
export const only = (entry: AuditEntry, fields: ReadonlySet<keyof AuditEntry>): Partial<AuditEntry> =>
  Object.fromEntries(Object.entries(entry).filter(([property]) => fields.has(property as keyof AuditEntry)));
