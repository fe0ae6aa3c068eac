import {isPlainObject} from '../admission/check-property';
import type {Condition} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import {queryFault, shown} from './fault';
import {readPattern, readTime} from './operand';
import {readWhere} from './where';

/** What SourceLoop's clients send to choose the entries to archive. */
export interface CustomFilterShape {
  date?: {fromDate: string; toDate: string};
  deleted?: boolean;
  entityId?: string;
  actedOn?: string;
  actedOnList?: string[];
  actionGroupList?: string[];
}

const MAX_LIST = 1_000;

/**
 * Reads which entries to archive. A filter that names nothing is refused, and so is half a date range: what
 * is archived leaves the database.
 *
 * `deleted: true` means entries whose `after` is absent or says `deleted: true`, and every other entry of
 * those entities; `deleted: false` means entries whose `after` says `deleted: false`.
 *
 * @throws AuditError INVALID_FILTER
 */
export function readCustomFilter(filter: unknown): {filter: CustomFilterShape; condition: Condition} {
  if (!isPlainObject(filter)) throw queryFault('body', 'INVALID_TYPE', 'must be an object');
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (entries.length === 0) {
    throw queryFault(
      'body',
      'REQUIRED',
      'names nothing: choose by date, deleted, entityId, actedOn or actionGroupList',
    );
  }
  const conditions = entries
    .filter(([name]) => name !== 'deleted')
    .map(([name, value]): Condition => {
      switch (name) {
        case 'date':
          return readDate(value);
        case 'entityId':
        case 'actedOn':
          return readWhere({[name]: readName(value, name)});
        case 'actedOnList':
          return readWhere({actedOn: {inq: readNames(value, name)}});
        case 'actionGroupList':
          return readWhere({actionGroup: {inq: readNames(value, name)}});
        default:
          throw queryFault(shown(name), 'UNKNOWN_PROPERTY', 'is not a part of an archive filter');
      }
    });
  if (filter.actedOn !== undefined && filter.actedOnList !== undefined) {
    throw queryFault('actedOnList', 'INVALID_VALUE', 'does not go together with actedOn');
  }
  return {filter: filter as CustomFilterShape, condition: withDeleted(conditions, filter.deleted)};
}

function withDeleted(conditions: Condition[], deleted: unknown): Condition {
  if (deleted === undefined) return {kind: 'and', of: conditions};
  if (typeof deleted !== 'boolean') throw queryFault('deleted', 'INVALID_TYPE', 'must be true or false');
  const says = readWhere({'after.deleted': {inq: [deleted, String(deleted)]}});
  const after = columnOf('after');
  if (!deleted || !after) return {kind: 'and', of: [...conditions, says]};
  const absent: Condition = {
    kind: 'compare',
    column: after,
    path: [],
    comparison: {operator: 'eq', value: null},
  };
  return {kind: 'entitiesOf', of: {kind: 'and', of: [...conditions, {kind: 'or', of: [absent, says]}]}};
}

function readDate(value: unknown): Condition {
  if (!isPlainObject(value))
    throw queryFault('date', 'INVALID_TYPE', 'must be an object of fromDate and toDate');
  for (const name of Object.keys(value)) {
    if (name !== 'fromDate' && name !== 'toDate') {
      throw queryFault(`date.${shown(name)}`, 'UNKNOWN_PROPERTY', 'is not a part of a date range');
    }
  }
  const bound = (name: 'fromDate' | 'toDate') => {
    if (value[name] === undefined || value[name] === null) {
      throw queryFault(`date.${name}`, 'REQUIRED', 'is missing: a date range has both ends');
    }
    return readTime(value[name], `date.${name}`);
  };
  const [from, to] = [bound('fromDate'), bound('toDate')];
  if (from > to) throw queryFault('date.toDate', 'INVALID_RANGE', 'must not be before fromDate');
  return readWhere({actedAt: {between: [from, to]}});
}

function readName(value: unknown, field: string): string {
  const name = readPattern(value, field);
  if (name.trim() === '') throw queryFault(field, 'REQUIRED', 'must not be empty');
  return name;
}

function readNames(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LIST) {
    throw queryFault(field, 'INVALID_TYPE', `must be a list of 1 to ${MAX_LIST} names`);
  }
  return value.map((name, i) => readName(name, `${field}[${i}]`));
}
