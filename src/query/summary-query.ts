import {BUCKETS, type Bucket, type SummaryShape} from '../models/summary';
import {queryFault} from './fault';
import {readWhole} from './filter';
import type {QueryParameters} from './parameters';

/** Parameters of a summary besides those that select entries. */
export const SUMMARY_PARAMETERS = ['bucket', 'timeZone', 'time_zone', 'top'] as const;

const DEFAULT_TOP = 10;
export const MAX_TOP = 100;

/** @throws AuditError INVALID_PARAMETER */
export function readSummaryShape(query: QueryParameters): SummaryShape {
  const {bucket = 'day', top = DEFAULT_TOP} = query;
  if (!BUCKETS.includes(bucket as Bucket)) throw fault('bucket', `must be one of ${BUCKETS.join(', ')}`);
  return {bucket: bucket as Bucket, timeZone: readTimeZone(query), top: readWhole(top, 'top', 1, MAX_TOP)};
}

function readTimeZone({timeZone, time_zone: other}: QueryParameters): string {
  if (timeZone !== undefined && other !== undefined) throw fault('time_zone', 'says the same as timeZone');
  const given = timeZone ?? other ?? 'UTC';
  const field = timeZone === undefined ? 'time_zone' : 'timeZone';
  try {
    if (typeof given !== 'string' || !/^[A-Za-z][\w+/-]{0,63}$/.test(given)) throw new RangeError();
    return new Intl.DateTimeFormat('en', {timeZone: given}).resolvedOptions().timeZone;
  } catch {
    throw fault(field, 'must be a name of the IANA time zone database, such as Europe/Berlin');
  }
}

const fault = (field: string, message: string) =>
  queryFault(field, 'INVALID_VALUE', message, 'INVALID_PARAMETER');
