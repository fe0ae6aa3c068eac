import type {AuditEntry} from '@loopback-audit/audit-log';
import {isPlainObject} from '../admission/check-property';
import {EVERYTHING} from '../models/condition';
import {columnOf, ENTRY_COLUMNS} from '../models/entry-columns';
import type {Selection} from '../models/selection';
import {parameterFault, queryFault, shown} from './fault';
import {NEWEST_FIRST, readOrder} from './order';
import {readWhere, type Writing} from './where';

const ALL_PROPERTIES = ENTRY_COLUMNS.map(({property}) => property);

export const MAX_LIMIT = 1_000;
export const DEFAULT_LIMIT = 50;
/** Entries that OFFSET may walk over; beyond, a cursor is the way. */
export const MAX_SKIP = 10_000;
/** Entries up to which a count is exact. */
export const DEFAULT_CAP = 100_000;
export const MAX_CAP = 1_000_000;

/**
 * Reads LoopBack's `filter` (https://loopback.io/doc/en/lb4/Querying-data.html): where, fields, order,
 * limit, skip or offset. `include` is refused, for entries have no relations.
 *
 * @throws AuditError INVALID_FILTER with the path to what cannot be read
 */
export function readFilter(filter: unknown, maxLimit = MAX_LIMIT, writing: Writing = 'json'): Selection {
  if (!isPlainObject(filter)) throw queryFault('filter', 'INVALID_TYPE', 'must be an object');
  const selection: Selection = {condition: EVERYTHING, order: NEWEST_FIRST};
  for (const [name, value] of Object.entries(filter)) {
    if (value === null || value === undefined) continue;
    const field = `filter.${shown(name)}`;
    switch (name) {
      case 'where':
        selection.condition = readWhere(value, field, writing);
        break;
      case 'order':
        selection.order = readOrder(value, field);
        break;
      case 'limit':
        selection.limit = readWhole(value, field, 1, maxLimit, queryFault);
        break;
      case 'skip':
      case 'offset':
        selection.skip = readWhole(value, field, 0, MAX_SKIP, queryFault);
        break;
      case 'fields':
        selection.fields = readFields(value, field);
        break;
      case 'include':
        throw queryFault(field, 'UNKNOWN_PROPERTY', 'is of no use: an entry has no relations');
      default:
        throw queryFault(field, 'UNKNOWN_PROPERTY', 'is not a part of a filter');
    }
  }
  return selection;
}

/**
 * A whole number within bounds, as a number or as the text of one.
 *
 * @throws AuditError INVALID_PARAMETER, or what `fault` makes
 */
export function readWhole(
  value: unknown,
  field: string,
  least: number,
  most: number,
  fault = parameterFault,
): number {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (!Number.isInteger(number) || (number as number) < least || (number as number) > most) {
    throw fault(field, 'OUT_OF_RANGE', `must be a whole number from ${least} to ${most}`);
  }
  return number as number;
}

/** LoopBack's `fields`: a list of names, or an object of name → whether it is wanted. */
function readFields(value: unknown, field: string): ReadonlySet<keyof AuditEntry> {
  const wanted = Array.isArray(value)
    ? value.map(name => [name, true] as const)
    : isPlainObject(value)
      ? Object.entries(value)
      : undefined;
  if (!wanted || wanted.length === 0)
    throw queryFault(field, 'INVALID_TYPE', 'must be a list of names, or an object');
  for (const [name, include] of wanted) {
    if (typeof name !== 'string' || !columnOf(name)) {
      throw queryFault(
        `${field}.${shown(String(name))}`,
        'UNKNOWN_PROPERTY',
        'is not a property of an entry',
      );
    }
    // Text, where the filter came in LoopBack's bracket form.
    if (![true, false, 'true', 'false'].includes(include as boolean)) {
      throw queryFault(`${field}.${name}`, 'INVALID_TYPE', 'must be true or false');
    }
  }
  const names = (include: boolean) =>
    new Set(
      wanted
        .filter(([, given]) => String(given) === String(include))
        .map(([name]) => name as keyof AuditEntry),
    );
  const included = names(true);
  if (included.size > 0) return included;
  const excluded = names(false);
  return new Set(ALL_PROPERTIES.filter(property => !excluded.has(property)));
}
