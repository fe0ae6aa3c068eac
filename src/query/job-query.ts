import {JOB_OPERATIONS, JOB_STATUSES} from '../models/job.model';
import {queryFault, shown} from './fault';
import {DEFAULT_LIMIT, MAX_LIMIT, readWhole} from './filter';
import {type QueryParameters, unknownParameter} from './parameters';

/** Which jobs are meant; any where a part is left out. */
export interface JobFilter {
  status?: string[];
  operation?: string[];
}

export interface JobQuery {
  filter: JobFilter;
  limit: number;
  cursor?: string;
}

/** @throws AuditError INVALID_PARAMETER with the parameter at fault */
export function readJobQuery(query: QueryParameters): JobQuery {
  const read: JobQuery = {filter: {}, limit: DEFAULT_LIMIT};
  for (const [name, given] of Object.entries(query)) {
    if (typeof given !== 'string' || given === '')
      throw refused(shown(name), 'must be given once, and not be empty');
    if (name === 'status') read.filter.status = listOf(JOB_STATUSES, name, given);
    else if (name === 'operation') read.filter.operation = listOf(JOB_OPERATIONS, name, given);
    else if (name === 'limit') read.limit = readWhole(given, name, 1, MAX_LIMIT);
    else if (name === 'cursor') read.cursor = given;
    else throw unknownParameter(name);
  }
  return read;
}

function listOf(known: readonly string[], name: string, value: string): string[] {
  const items = value.split(',');
  if (items.every(item => known.includes(item))) return items;
  throw refused(name, `must be of ${known.join(', ')}`);
}

const refused = (field: string, message: string) =>
  queryFault(field, 'INVALID_VALUE', message, 'INVALID_PARAMETER');
