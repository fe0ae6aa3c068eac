import {type Comparison, type Condition, EVERYTHING} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import type {Selection} from '../models/selection';
import {queryFault, shown} from './fault';
import {DEFAULT_LIMIT, MAX_LIMIT, readFilter, readWhole} from './filter';
import {readOperand, readTime} from './operand';
import {NEWEST_FIRST, readOrder} from './order';
import {assertOwnTenant} from './own-tenant';
import {readWhere} from './where';

/** Plain parameters that hold a value of the property of the same name; some take a list with commas. */
const EQUALITIES: Readonly<Record<string, 'one' | 'list'>> = {
  action: 'list',
  actedOn: 'one',
  entityId: 'one',
  actor: 'one',
  outcome: 'list',
  severity: 'list',
  category: 'list',
  ip: 'one',
  serviceName: 'one',
};

/** The query of a URL as a parser of query strings gives it: `filter[limit]=1` is an object already. */
export type QueryParameters = Readonly<Record<string, unknown>>;

export interface ReadQuery {
  selection: Selection;
  cursor?: string;
}

/** Parameters that a route reads besides those of the query. */
export type OwnParameters = readonly string[];

/**
 * Reads which entries a request means, from LoopBack's `filter` or `where`, from plain parameters, or from
 * both together.
 *
 * @param tenantId the caller's tenant, the only one that a condition may name
 * @throws AuditError INVALID_PARAMETER, INVALID_FILTER with the parameter at fault, TENANT_MISMATCH
 */
export function readQuery(
  tenantId: string,
  query: QueryParameters,
  own: OwnParameters = [],
  maxLimit = MAX_LIMIT,
): ReadQuery {
  const selection =
    query.filter === undefined ? everything() : readFilter(readObject(query.filter, 'filter'), maxLimit);
  const conditions: Condition[] = [selection.condition];
  let cursor: string | undefined;
  for (const [name, given] of Object.entries(query)) {
    if (name === 'filter' || own.includes(name)) continue;
    if (name === 'where') {
      conditions.push(readWhere(readObject(given, 'where')));
      continue;
    }
    const value = readSingle(name, given);
    const taking = Object.hasOwn(EQUALITIES, name) ? EQUALITIES[name] : undefined;
    if (taking) conditions.push(readEquality(name, value, taking));
    else if (name === 'from' || name === 'to') conditions.push(readBound(name, value));
    else if (name === 'limit') selection.limit = readWhole(value, name, 1, maxLimit);
    else if (name === 'order') selection.order = readOrder(value);
    else if (name === 'cursor') cursor = value;
    else throw unknownParameter(name);
  }
  selection.condition = {kind: 'and', of: conditions};
  assertOwnTenant(selection.condition, tenantId);
  checkRange(query);
  if (cursor !== undefined && selection.skip) {
    throw queryFault('cursor', 'INVALID_PARAMETER', 'does not go together with skip', 'INVALID_PARAMETER');
  }
  return {selection, ...(cursor !== undefined && {cursor})};
}

/** The same for an answer of one page. */
export function readPageQuery(
  tenantId: string,
  query: QueryParameters,
  own: OwnParameters = [],
): ReadQuery & {limit: number} {
  const read = readQuery(tenantId, query, own);
  return {...read, limit: read.selection.limit ?? DEFAULT_LIMIT};
}

const everything = (): Selection => ({condition: EVERYTHING, order: NEWEST_FIRST});

export const unknownParameter = (name: string) =>
  queryFault(shown(name), 'UNKNOWN_PARAMETER', 'is not a parameter of this path', 'INVALID_PARAMETER');

/**
 * Reads which properties of one entry a request means: LoopBack's `filter` with `fields` alone.
 *
 * @throws AuditError INVALID_PARAMETER, INVALID_FILTER
 */
export function readFieldsQuery(query: QueryParameters): Selection['fields'] {
  const {filter, ...others} = query;
  const [other] = Object.keys(others);
  if (other !== undefined) throw unknownParameter(other);
  if (filter === undefined) return undefined;
  const read = readObject(filter, 'filter');
  const selection = readFilter(read);
  const part = Object.keys(read as object).find(name => name !== 'fields');
  if (part !== undefined)
    throw queryFault(`filter.${shown(part)}`, 'UNKNOWN_PROPERTY', 'has no use for one entry');
  return selection.fields;
}

/** `true` or `false`. */
export function readFlag(query: QueryParameters, name: string): boolean {
  const value = query[name];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw queryFault(name, 'INVALID_VALUE', 'must be true or false', 'INVALID_PARAMETER');
}

function readSingle(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  const message = value === '' ? 'must not be empty' : 'must be given once';
  throw queryFault(shown(name), 'INVALID_VALUE', message, 'INVALID_PARAMETER');
}

function readObject(value: unknown, name: string): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw queryFault(name, 'INVALID_JSON', 'is not JSON');
  }
}

function readEquality(name: string, value: string, taking: 'one' | 'list'): Condition {
  const column = columnOf(name);
  if (!column) throw unknownParameter(name);
  const compare = (comparison: Comparison): Condition => ({kind: 'compare', column, path: [], comparison});
  if (taking === 'one') return compare({operator: 'eq', value: readOperand(column, [], value, name)});
  const of = value.split(',').map(item => {
    if (name === 'action' && item.endsWith('*')) {
      const prefix = item.slice(0, -1).replace(/[\\%_]/g, '\\$&');
      return compare({operator: 'like', value: `${String(readOperand(column, [], prefix, name))}%`});
    }
    return compare({operator: 'eq', value: readOperand(column, [], item, name)});
  });
  return {kind: 'or', of};
}

function readBound(name: 'from' | 'to', value: string): Condition {
  const column = columnOf('actedAt');
  if (!column) throw unknownParameter(name);
  const operator = name === 'from' ? 'gte' : 'lte';
  return {kind: 'compare', column, path: [], comparison: {operator, value: readTime(value, name)}};
}

function checkRange({from, to}: QueryParameters): void {
  if (from === undefined || to === undefined) return;
  if (readTime(from, 'from') > readTime(to, 'to')) {
    throw queryFault('to', 'INVALID_RANGE', 'must not be before from', 'INVALID_PARAMETER');
  }
}
