import {isPlainObject} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import type {Comparison, Condition} from '../models/condition';
import {columnOf, type EntryColumn} from '../models/entry-columns';
import {queryFault, shown} from './fault';
import {readLike, readOperand} from './operand';
import {readRegexp} from './regexp';

const MAX_DEPTH = 10;
const MAX_CONDITIONS = 200;
const MAX_LIST = 1_000;

/**
 * Reads LoopBack's `where` (https://loopback.io/doc/en/lb4/Where-filter.html). A property inside a JSON
 * property is named by its path, as in `after.role`.
 *
 * @throws AuditError INVALID_FILTER with the path to what cannot be read
 */
export function readWhere(where: unknown, field = 'where'): Condition {
  const budget = {left: MAX_CONDITIONS};
  return readClause(where, field, 0, budget);
}

type Budget = {left: number};

function readClause(where: unknown, field: string, depth: number, budget: Budget): Condition {
  if (!isPlainObject(where)) throw queryFault(field, 'INVALID_TYPE', 'must be an object');
  if (depth > MAX_DEPTH)
    throw queryFault('where', 'TOO_DEEP', `is nested more than ${MAX_DEPTH} levels deep`);
  const of = Object.entries(where).map(([name, value]): Condition => {
    if (name === 'and' || name === 'or') {
      if (!Array.isArray(value)) throw queryFault(`${field}.${name}`, 'INVALID_TYPE', 'must be a list');
      const parts = value.map((part, i) => readClause(part, `${field}.${name}[${i}]`, depth + 1, budget));
      return {kind: name, of: parts};
    }
    return readProperty(name, value, field, budget);
  });
  const [only] = of;
  return only && of.length === 1 ? only : {kind: 'and', of};
}

function readProperty(name: string, value: unknown, within: string, budget: Budget): Condition {
  const field = `${within}.${shown(name)}`;
  const [property = '', ...path] = name.split('.');
  const column = columnOf(property);
  if (!column) throw queryFault(field, 'UNKNOWN_PROPERTY', 'is not a property of an entry');
  if (path.length > 0) checkPath(column, path, field);
  const conditions = comparisonsOf(column, path, value, field).map(
    (comparison): Condition => ({kind: 'compare', column, path, comparison}),
  );
  budget.left -= conditions.length;
  if (budget.left < 0) throw queryFault('where', 'TOO_LONG', `has more than ${MAX_CONDITIONS} conditions`);
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
): Comparison[] {
  if (value === null || typeof value !== 'object') {
    return [{operator: 'eq', value: readOperand(column, path, value, field)}];
  }
  if (Array.isArray(value)) throw queryFault(field, 'INVALID_TYPE', 'must be a value; for a list use inq');
  const {options, ...operators} = value as Record<string, unknown>;
  const names = Object.entries(operators);
  if (names.length === 0) throw queryFault(field, 'INVALID_OPERATOR', 'has no operator');
  return names.map(([operator, operand]) =>
    readComparison(column, path, operator, operand, options === 'i', `${field}.${shown(operator)}`),
  );
}

function readComparison(
  column: EntryColumn,
  path: readonly string[],
  operator: string,
  value: unknown,
  ignoreCase: boolean,
  field: string,
): Comparison {
  const operand = (one: unknown) => readOperand(column, path, one, field);
  const ordered = (one: unknown) => {
    if (['textArray', 'ip', 'bytes', 'json'].includes(column.kind) && path.length === 0) {
      throw queryFault(field, 'INVALID_OPERATOR', `does not apply to ${column.property}`);
    }
    const read = operand(one);
    if (typeof read === 'string' || typeof read === 'number') return read;
    throw queryFault(field, 'INVALID_TYPE', 'must be text, a number or a time');
  };
  switch (operator) {
    case 'eq':
    case 'neq':
      return {operator, value: operand(value)};
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
      return {operator, value: value.map(operand)};
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
      if (typeof value !== 'boolean') throw queryFault(field, 'INVALID_TYPE', 'must be true or false');
      return {operator, value};
    default:
      throw queryFault(field, 'INVALID_OPERATOR', 'is not an operator');
  }
}
