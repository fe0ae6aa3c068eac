import {parseTime} from '../models/time';
import {parameterFault} from './fault';

const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `24h`: so long before now. */
const AGO = /^(\d{1,6})([smhdw])$/;

/** The first and the last microsecond that a text stands for. */
export interface Moments {
  first: string;
  last: string;
}

/**
 * Reads a time as people write it: RFC 3339, a date, which stands for all of its day in UTC, or an age such as `90s`,
 * `15m`, `24h`, `7d`, `2w`, which stands for that moment before `now`.
 *
 * @param now RFC 3339
 * @returns in the form of {@link parseTime}
 * @throws AuditError INVALID_PARAMETER
 */
export function readMoment(text: string, now: string, field: string): Moments {
  const [, count, unit] = AGO.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) {
    const at = parseTime(new Date(Date.parse(now) - Number(count) * (MILLISECONDS[unit] ?? 0)).toISOString());
    if (at !== undefined) return {first: at, last: at};
  }
  const first = parseTime(text);
  if (first === undefined) {
    throw parameterFault(
      field,
      'INVALID_DATE',
      'must be an RFC 3339 time, a date, or an age such as 24h or 7d',
    );
  }
  const isDay = text.length === 10;
  return {first, last: isDay ? `${first.slice(0, 10)}T23:59:59.999999Z` : first};
}
