import {isPlainObject} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import type {Comparison, Condition} from '../models/condition';
import {columnOf, type EntryColumn} from '../models/entry-columns';
import {queryFault, shown} from './fault';
import {readLike, readOperand} from './operand';
import {readRegexp} from './regexp';
import {isNumber, jsonReadings, wholeNumber} from './text-reading';

const MAX_DEPTH = 10;
const MAX_CONDITIONS = 200;
const MAX_LIST = 1_000;

/** How the values of a `where` are written: with their types, or all of them as text. */
export type Writing = 'json' | 'text';

/**
 * Reads LoopBack's `where` (https://loopback.io/doc/en/lb4/Where-filter.html). A property inside a JSON
 * property is named by its path, as in `after.role`. Text inside JSON stands also for the number, truth value or null that
 * it is written like, where all is text.
 *
 * @throws AuditError INVALID_FILTER with the path to what cannot be read
 */
export function readWhere(where: unknown, field = 'where', writing: Writing = 'json'): Condition {
  return readClause(where, field, 0, {left: MAX_CONDITIONS, writing});
}

/** A `where` that is being read, and the conditions that it may still have. */
type Reading = {left: number; readonly writing: Writing};

function readClause(where: unknown, field: string, depth: number, reading: Reading): Condition {
  if (!isPlainObject(where)) throw queryFault(field, 'INVALID_TYPE', 'must be an object');
  if (depth > MAX_DEPTH)
    throw queryFault('where', 'TOO_DEEP', `is nested more than ${MAX_DEPTH} levels deep`);
  const of = Object.entries(where).map(([name, value]): Condition => {
    if (name === 'and' || name === 'or') {
      if (!Array.isArray(value)) throw queryFault(`${field}.${name}`, 'INVALID_TYPE', 'must be a list');
      const parts = value.map((part, i) => readClause(part, `${field}.${name}[${i}]`, depth + 1, reading));
      return {kind: name, of: parts};
    }
    return readProperty(name, value, field, reading);
  });
  const [only] = of;
  return only && of.length === 1 ? only : {kind: 'and', of};
}

function readProperty(name: string, value: unknown, within: string, reading: Reading): Condition {
  const field = `${within}.${shown(name)}`;
  const [property = '', ...path] = name.split('.');
  const column = columnOf(property);
  if (!column) throw queryFault(field, 'UNKNOWN_PROPERTY', 'is not a property of an entry');
  if (path.length > 0) checkPath(column, path, field);
  const conditions = comparisonsOf(column, path, value, field, reading.writing).map(
    (comparison): Condition => ({kind: 'compare', column, path, comparison}),
  );
  reading.left -= conditions.length;
  if (reading.left < 0) throw queryFault('where', 'TOO_LONG', `has more than ${MAX_CONDITIONS} conditions`);
  const [only] = conditions;
  return only && conditions.length === 1 ? only : {kind: 'and', of: conditions};
}

function checkPath(column: EntryColumn, path: readonly string[], field: string): void {
  if (column.kind !== 'json') throw queryFault(field, 'UNKNOWN_PROPERTY', 'has no properties inside it');
  if (path.length > MAX_DEPTH) throw queryFault(field, 'TOO_DEEP', `has more than ${MAX_DEPTH} steps`);
  for (const step of path) {
    const fault = textFault(step);
    if (step === '' || fault) throw queryFault(field, 'INVALID_PATH', 'has a step without a name');
  }
}

/** `{name: value}` is equality; `{name: {operator: value, …}}` is each of them. */
function comparisonsOf(
  column: EntryColumn,
  path: readonly string[],
  value: unknown,
  field: string,
  writing: Writing,
): Comparison[] {
  if (value === null || typeof value !== 'object') {
    return [readComparison(column, path, 'eq', value, false, field, writing)];
  }
  if (Array.isArray(value)) throw queryFault(field, 'INVALID_TYPE', 'must be a value; for a list use inq');
  const {options, ...operators} = value as Record<string, unknown>;
  const names = Object.entries(operators);
  if (names.length === 0) throw queryFault(field, 'INVALID_OPERATOR', 'has no operator');
  return names.map(([operator, operand]) =>
    readComparison(column, path, operator, operand, options === 'i', `${field}.${shown(operator)}`, writing),
  );
}

function readComparison(
  column: EntryColumn,
  path: readonly string[],
  operator: string,
  value: unknown,
  ignoreCase: boolean,
  field: string,
  writing: Writing,
): Comparison {
  const inJson = path.length > 0;
  const asText = (one: unknown): one is string => writing === 'text' && typeof one === 'string';
  const operand = (one: unknown) =>
    readOperand(column, path, asText(one) && column.kind === 'bigint' ? wholeNumber(one) : one, field);
  const operands = (one: unknown) => (inJson && asText(one) ? jsonReadings(one) : [one]).map(operand);
  const ordered = (one: unknown) => {
    if (['textArray', 'ip', 'bytes', 'json'].includes(column.kind) && !inJson) {
      throw queryFault(field, 'INVALID_OPERATOR', `does not apply to ${column.property}`);
    }
    const read = operand(inJson && asText(one) && isNumber(one) ? Number(one) : one);
    if (typeof read === 'string' || typeof read === 'number') return read;
    throw queryFault(field, 'INVALID_TYPE', 'must be text, a number or a time');
  };
  switch (operator) {
    case 'eq':
    case 'neq': {
      const [only = null, ...more] = operands(value);
      if (more.length === 0) return {operator, value: only};
      return {operator: operator === 'eq' ? 'inq' : 'nin', value: [only, ...more]};
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return {operator, value: ordered(value)};
    case 'between': {
      if (!Array.isArray(value) || value.length !== 2) {
        throw queryFault(field, 'INVALID_TYPE', 'must be a list of two values');
      }
      return {operator, value: [ordered(value[0]), ordered(value[1])]};
    }
    case 'inq':
    case 'nin': {
      if (!Array.isArray(value)) throw queryFault(field, 'INVALID_TYPE', 'must be a list');
      if (value.length > MAX_LIST)
        throw queryFault(field, 'TOO_LONG', `must have at most ${MAX_LIST} values`);
      return {operator, value: value.flatMap(operands)};
    }
    case 'like':
    case 'nlike':
      return ignoreCase
        ? {operator: operator === 'like' ? 'ilike' : 'nilike', value: readLike(value, field)}
        : {operator, value: readLike(value, field)};
    case 'ilike':
    case 'nilike':
      return {operator, value: readLike(value, field)};
    case 'regexp':
      return {operator, ...readRegexp(value, ignoreCase, field)};
    case 'exists':
      if (asText(value) && /^(?:true|false)$/.test(value)) return {operator, value: value === 'true'};
      if (typeof value !== 'boolean') throw queryFault(field, 'INVALID_TYPE', 'must be true or false');
      return {operator, value};
    default:
      throw queryFault(field, 'INVALID_OPERATOR', 'is not an operator');
  }
}
