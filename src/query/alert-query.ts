import {validate as isUuid} from 'uuid';
import {ALERT_STATUSES, type AlertFilter, LEVELS} from '../models/detection-rule';
import {queryFault, shown} from './fault';
import {DEFAULT_LIMIT, MAX_LIMIT, readWhole} from './filter';
import {readPattern, readTime} from './operand';
import {type QueryParameters, unknownParameter} from './parameters';

export interface AlertQuery {
  filter: AlertFilter;
  limit: number;
  cursor?: string;
}

/** Reads which alerts a request means. @throws AuditError INVALID_PARAMETER with the parameter at fault */
export function readAlertQuery(query: QueryParameters): AlertQuery {
  const read: AlertQuery = {filter: {}, limit: DEFAULT_LIMIT};
  for (const [name, given] of Object.entries(query)) {
    const value = single(name, given);
    if (name === 'status') read.filter.status = listOf(ALERT_STATUSES, name, value);
    else if (name === 'level') read.filter.level = listOf(LEVELS, name, value);
    else if (name === 'rule') read.filter.rule = readId(name, value);
    else if (name === 'actor' || name === 'group') read.filter[name] = readPattern(value, name);
    else if (name === 'from' || name === 'to') read.filter[name] = readTime(value, name);
    else if (name === 'limit') read.limit = readWhole(value, name, 1, MAX_LIMIT);
    else if (name === 'cursor') read.cursor = value;
    else throw unknownParameter(name);
  }
  const {from, to} = read.filter;
  if (from !== undefined && to !== undefined && from > to)
    throw refused('to', 'INVALID_RANGE', 'must not be before from');
  return read;
}

function single(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw refused(shown(name), 'INVALID_VALUE', value === '' ? 'must not be empty' : 'must be given once');
}

function listOf(known: readonly string[], name: string, value: string): string[] {
  const items = value.split(',');
  if (items.every(item => known.includes(item))) return items;
  throw refused(name, 'INVALID_VALUE', `must be of ${known.join(', ')}`);
}

function readId(name: string, value: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw refused(name, 'INVALID_ID', 'must be a UUID');
}

const refused = (field: string, code: string, message: string) =>
  queryFault(field, code, message, 'INVALID_PARAMETER');
