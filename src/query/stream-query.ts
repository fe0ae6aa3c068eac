import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Condition} from '../models/condition';
import type {Selection} from '../models/selection';
import {queryFault} from './fault';
import {NEWEST_FIRST} from './order';
import {isOfPage} from './parameter-names';
import {type QueryParameters, readQuery, unknownParameter} from './parameters';

/** Stands for the place before the first leaf, where no leaf has an index. */
export const BEFORE_THE_FIRST = 'none';

/** The last event that a client has had. */
export interface LastEvent {
  /** Its leaf index; -1 is before the first. */
  leaf: number;
  /** What has named it: the header or the parameter. */
  field: string;
}

export interface StreamQuery {
  condition: Condition;
  fields?: ReadonlySet<keyof AuditEntry>;
  last?: LastEvent;
}

/**
 * Reads what a client wants to follow, and from where on. The header tells of what has come since the address was made,
 * so it goes before the parameter.
 *
 * @param header `Last-Event-ID` (WHATWG HTML, 9.2.4)
 * @throws AuditError INVALID_PARAMETER, INVALID_FILTER, TENANT_MISMATCH
 */
export function readStreamQuery(
  tenantId: string,
  query: QueryParameters,
  header: string | undefined,
): StreamQuery {
  const {selection} = readQuery(tenantId, query, {own: ['lastEventId']});
  const unused = Object.keys(query).find(isOfPage);
  if (unused !== undefined) throw unknownParameter(unused);
  refusePaging(selection);
  const {condition, fields} = selection;
  const parameter = query.lastEventId === undefined ? undefined : readLast(query.lastEventId, 'lastEventId');
  const last = header === undefined || header === '' ? parameter : readLast(header, 'Last-Event-ID');
  return {condition, ...(fields && {fields}), ...(last && {last})};
}

/** A filter says which entries, and nothing of pages. */
function refusePaging({limit, skip, order}: Selection): void {
  const part =
    (limit !== undefined && 'limit') || (skip !== undefined && 'skip') || (order !== NEWEST_FIRST && 'order');
  if (part) throw queryFault(`filter.${part}`, 'UNKNOWN_PROPERTY', 'has no use for a stream');
}

function readLast(text: unknown, field: string): LastEvent {
  if (text === BEFORE_THE_FIRST) return {leaf: -1, field};
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) {
    const message = `must be the id of an event: a leaf index, or ${BEFORE_THE_FIRST}`;
    throw queryFault(field, 'INVALID_VALUE', message, 'INVALID_PARAMETER');
  }
  return {leaf: Number(text), field};
}

/**
 * The leaf that a stream begins with, of a tree that has `size` now.
 *
 * @throws AuditError INVALID_PARAMETER where the last event is one that there has not been, as after a backup was restored
 */
export function firstLeaf({last}: StreamQuery, size: number): number {
  if (!last) return size;
  if (last.leaf >= size) {
    throw queryFault(last.field, 'OUT_OF_RANGE', 'is beyond the last entry', 'INVALID_PARAMETER');
  }
  return last.leaf + 1;
}
