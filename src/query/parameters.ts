import type {AuditEntry} from '@loopback-audit/audit-log';
import {both, type Condition, EVERYTHING, wordsOf} from '../models/condition';
import {columnOf, ENTRY_COLUMNS, type EntryColumn} from '../models/entry-columns';
import type {Selection} from '../models/selection';
import {currentTime} from '../models/time';
import {momentOf} from './cursor';
import {asParameter, parameterFault, queryFault, shown} from './fault';
import {DEFAULT_LIMIT, MAX_LIMIT, MAX_SKIP, readFilter, readWhole} from './filter';
import {readMoment} from './moment';
import {NEWEST_FIRST, readOrder} from './order';
import {assertOwnTenant} from './own-tenant';
import {
  canonicalName,
  givenName,
  isOfPage,
  type PageParameter,
  type SelectingParameter,
} from './parameter-names';
import {readSearch} from './search-syntax';
import {readTerm} from './term';
import {readWhere, type Writing} from './where';
import {readWebSearch} from './words';

/** The query of a URL as a parser of query strings gives it: `filter[limit]=1` is an object already. */
export type QueryParameters = Readonly<Record<string, unknown>>;

export interface ReadQuery {
  selection: Selection;
  cursor?: string;
}

/** Parameters that a route reads besides those of the query. */
export type OwnParameters = readonly string[];

export interface ReadOptions {
  own?: OwnParameters;
  maxLimit?: number;
  /** What ages such as `24h` are counted from, RFC 3339. */
  now?: string;
}

/**
 * Reads which entries a request means, from LoopBack's `filter` or `where`, from plain parameters, from `q`, or from all
 * of them together.
 *
 * @param tenantId the caller's tenant, the only one that a condition may name
 * @throws AuditError INVALID_PARAMETER, INVALID_FILTER with the parameter at fault, TENANT_MISMATCH
 */
export function readQuery(
  tenantId: string,
  query: QueryParameters,
  {own = [], maxLimit = MAX_LIMIT, now = currentTime()}: ReadOptions = {},
): ReadQuery {
  const {filter, where, ...plain} = query;
  const selection =
    filter === undefined
      ? everything()
      : readFilter(readObject(filter, 'filter'), maxLimit, writingOf(filter));
  const conditions: Condition[] = [selection.condition];
  if (where !== undefined) conditions.push(readWhere(readObject(where, 'where'), 'where', writingOf(where)));
  const given = namedOnce(plain, own);
  for (const [parameter, {name, value}] of given) {
    const read = SELECTING[parameter as SelectingParameter];
    if (read) conditions.push(asParameter(() => read(value, name, now)));
  }
  selection.condition = {kind: 'and', of: conditions};
  assertOwnTenant(selection.condition, tenantId);
  checkRange(given, now);
  readPaging(given, selection, maxLimit);
  const cursor = given.get('cursor');
  if (cursor && selection.skip) {
    const skip = given.get('skip')?.name ?? 'filter.skip';
    throw parameterFault(cursor.name, 'INVALID_PARAMETER', `does not go together with ${skip}`);
  }
  return {selection, ...(cursor && {cursor: cursor.value})};
}

/**
 * The same where no entries are answered: whatever says how a page is cut, in brackets, JSON or plain, is refused.
 *
 * @throws AuditError INVALID_PARAMETER, INVALID_FILTER with the parameter at fault, TENANT_MISMATCH
 */
export function readCondition(tenantId: string, query: QueryParameters, own: OwnParameters): Condition {
  const {condition} = readQuery(tenantId, query, {own}).selection;
  const unused = Object.keys(query).find(name => !own.includes(name) && isOfPage(name));
  if (unused !== undefined) throw unknownParameter(unused);
  if (query.filter !== undefined) assertOnlyPart(readObject(query.filter, 'filter'), 'where', 'here');
  return condition;
}

/** What a path says of its pages before the query says more. */
export interface PageDefaults {
  own?: OwnParameters;
  /** Holds as well as what the query asks for. */
  condition?: Condition;
  /** Where the query asks for none. */
  order?: Selection['order'];
}

/** The same for an answer of one page. A cursor brings along what its first page took for now. */
export function readPageQuery(
  tenantId: string,
  query: QueryParameters,
  {own = [], condition, order}: PageDefaults = {},
): ReadQuery & {limit: number; now: string} {
  const cursorName = givenName(query, 'cursor');
  const cursor = cursorName === undefined ? undefined : query[cursorName];
  const now = (typeof cursor === 'string' && momentOf(cursor)) || currentTime();
  const sorting = ORDERING.find(name => query[name] === RELEVANCE);
  const {[sorting ?? '']: _ranked, ...others} = query;
  const read = readQuery(tenantId, others, {own, now});
  const {selection} = read;
  if (condition) selection.condition = both(condition, selection.condition);
  if (order && selection.order === NEWEST_FIRST) selection.order = order;
  if (sorting !== undefined) rank(read, sorting, cursorName);
  return {...read, limit: selection.limit ?? DEFAULT_LIMIT, now};
}

/** Parameters that may ask for relevance. */
const ORDERING = ['order', 'sortBy', 'sort_by'];

/** What a page of words may be ordered by in place of a property. */
const RELEVANCE = 'relevance';

/** Ranked entries have no place that a cursor could name: their rank depends on what else there is. */
function rank({selection}: ReadQuery, sorting: string, cursorName: string | undefined): void {
  const fault = (field: string, message: string) => parameterFault(field, 'INVALID_VALUE', message);
  if (wordsOf(selection.condition).length === 0)
    throw fault(sorting, 'by relevance needs words to search for');
  if (cursorName !== undefined) throw fault(cursorName, 'does not go together with relevance: use skip');
  selection.ranked = true;
}

const everything = (): Selection => ({condition: EVERYTHING, order: NEWEST_FIRST});

/** A parameter as it was given, under whichever of its names. */
interface Given {
  name: string;
  value: string;
}

type AllGiven = ReadonlyMap<SelectingParameter | PageParameter, Given>;

/** Each parameter by its own name here. */
function namedOnce(plain: QueryParameters, own: OwnParameters): AllGiven {
  const given = new Map<SelectingParameter | PageParameter, Given>();
  for (const [name, value] of Object.entries(plain)) {
    if (own.includes(name)) continue;
    const parameter = canonicalName(name);
    if (parameter === undefined) throw unknownParameter(name);
    const other = given.get(parameter);
    if (other) throw parameterFault(name, 'INVALID_VALUE', `says the same as ${other.name}`);
    given.set(parameter, {name, value: readSingle(name, value)});
  }
  return given;
}

type ReadParameter = (value: string, name: string, now: string) => Condition;

const column = (property: keyof AuditEntry): EntryColumn => {
  const known = columnOf(property);
  if (!known) throw new RangeError(property);
  return known;
};

/** The value of a property as it stands: an id may well have commas and stars. */
const one =
  (property: keyof AuditEntry): ReadParameter =>
  (value, field, now) =>
    readTerm({column: column(property), path: [], field, now}, {text: value, quoted: true});

/** Terms between commas. */
const list =
  (property: keyof AuditEntry, spelled = (text: string) => text): ReadParameter =>
  (value, field, now) => {
    const target = {column: column(property), path: [], field, now};
    return {
      kind: 'or',
      of: value.split(',').map(text => readTerm(target, {text: spelled(text), quoted: false})),
    };
  };

const bound =
  (operator: 'gte' | 'lte'): ReadParameter =>
  (value, field, now) => {
    const comparison = {operator, value: readMoment(value, now, field).first};
    return {kind: 'compare', column: column('actedAt'), path: [], comparison};
  };

const SELECTING: Readonly<Partial<Record<string, ReadParameter>>> = {
  action: list('action'),
  actedOn: one('actedOn'),
  entityId: one('entityId'),
  actor: one('actor'),
  onBehalfOf: one('onBehalfOf'),
  outcome: list('outcome'),
  severity: list('severity'),
  // Launch Rail's clients name the categories of their enumeration.
  category: list('category', text => (text.startsWith('CATEGORY_') ? text.slice(9).toLowerCase() : text)),
  ip: list('ip'),
  serviceName: one('serviceName'),
  requestId: one('requestId'),
  tag: list('tags'),
  search: (value, name) => readWebSearch(value, name),
  q: (value, name, now) => readSearch(value, now, name),
  from: bound('gte'),
  to: bound('lte'),
  tenantId: one('tenantId'),
} satisfies Record<SelectingParameter, ReadParameter>;

/** What other systems call the properties that a list is sorted by. */
const SORTED_BY: Readonly<Record<string, keyof AuditEntry>> = {
  timestamp: 'actedAt',
  occurred_at: 'actedAt',
  acted_at: 'actedAt',
  created_at: 'recordedAt',
  createdAt: 'recordedAt',
  recorded_at: 'recordedAt',
};

/** Properties that `includeChanges=false` leaves out. */
const CHANGES: readonly (keyof AuditEntry)[] = ['before', 'after', 'changedFields'];

function readPaging(given: AllGiven, selection: Selection, maxLimit: number): void {
  const limit = given.get('limit');
  if (limit) selection.limit = readWhole(limit.value, limit.name, 1, maxLimit);
  const skip = given.get('skip');
  if (skip) selection.skip = readWhole(skip.value, skip.name, 0, MAX_SKIP);
  const order = readSorting(given);
  if (order) selection.order = order;
  const changes = given.get('includeChanges');
  if (changes && !readFlag({[changes.name]: changes.value}, changes.name)) {
    const shownBefore = selection.fields ?? new Set(ENTRY_COLUMNS.map(({property}) => property));
    selection.fields = new Set([...shownBefore].filter(property => !CHANGES.includes(property)));
  }
}

function readSorting(given: AllGiven): Selection['order'] | undefined {
  const [order, by, direction] = [given.get('order'), given.get('sortBy'), given.get('sortOrder')];
  if (order) {
    const twice = by ?? direction;
    if (twice) throw parameterFault(twice.name, 'INVALID_VALUE', 'says the same as order');
    return asParameter(() => readOrder(order.value));
  }
  if (!by && !direction) return undefined;
  if (direction && !/^(?:asc|desc)$/i.test(direction.value)) {
    throw parameterFault(direction.name, 'INVALID_VALUE', 'must be asc or desc');
  }
  const property = by?.value ?? 'actedAt';
  const known = Object.hasOwn(SORTED_BY, property) ? SORTED_BY[property] : property;
  return asParameter(() => readOrder(`${known} ${direction?.value ?? 'DESC'}`, by?.name ?? direction?.name));
}

export const unknownParameter = (name: string) =>
  parameterFault(shown(name), 'UNKNOWN_PARAMETER', 'is not a parameter of this path');

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
  assertOnlyPart(read, 'fields', 'for one entry');
  return selection.fields;
}

function assertOnlyPart(filter: unknown, part: 'where' | 'fields', where: string): void {
  const other = Object.entries(filter as object).find(([name, value]) => name !== part && value !== null);
  if (other) throw queryFault(`filter.${shown(other[0])}`, 'UNKNOWN_PROPERTY', `has no use ${where}`);
}

/** `true` or `false`. */
export function readFlag(query: QueryParameters, name: string): boolean {
  const value = query[name];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw parameterFault(name, 'INVALID_VALUE', 'must be true or false');
}

function readSingle(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  const message = value === '' ? 'must not be empty' : 'must be given once';
  throw parameterFault(shown(name), 'INVALID_VALUE', message);
}

/** A filter is one text of JSON, or it came in brackets and the parser of query strings has made an object of texts. */
const writingOf = (value: unknown): Writing => (typeof value === 'string' ? 'json' : 'text');

function readObject(value: unknown, name: string): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw queryFault(name, 'INVALID_JSON', 'is not JSON');
  }
}

/** Both ends as they were given, so that a range that holds nothing is told rather than answered. */
function checkRange(given: AllGiven, now: string): void {
  const [from, to] = [given.get('from'), given.get('to')];
  if (!from || !to) return;
  if (readMoment(from.value, now, from.name).first > readMoment(to.value, now, to.name).first) {
    throw parameterFault(to.name, 'INVALID_RANGE', 'must not be before from');
  }
}
