/** `2026-11-22`, or with a time of day, an optional fraction, and `Z` or an offset (RFC 3339). */
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads an RFC 3339 time, or a date that stands for its first moment in UTC.
 *
 * @returns the same moment as RFC 3339 in UTC with microseconds (digits beyond are cut), always 27
 * characters, so that text order is time order; or undefined where the text is no such time.
 */
export function parseTime(text: string): string | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(year) < 1 || Number(month) < 1 || Number(month) > 12) return undefined;
  if (Number(day) < 1 || Number(day) > daysInMonth) return undefined;
  const moment = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`);
  if (Number.isNaN(moment)) return undefined;
  const utc = new Date(moment).toISOString();
  // An offset can lead out of the years that have four digits.
  if (utc.length !== 24 || utc.startsWith('0000')) return undefined;
  return `${utc.slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

/** PostgreSQL's text of a timestamptz in UTC (`2026-11-22 03:10:59.25+00`) as RFC 3339. */
export function timeFromPostgres(text: string): string {
  const fraction = text.length > 22 ? text.slice(20, -3) : '';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${answeredFraction(fraction)}Z`;
}

/** Milliseconds, as JavaScript writes them; microseconds where there are any. */
function answeredFraction(fraction: string): string {
  const micros = fraction.padEnd(6, '0');
  return micros.endsWith('000') ? micros.slice(0, 3) : micros;
}

/** The form in which times are answered, of a time in the form that {@link parseTime} returns. */
export const answeredTime = (time: string): string =>
  `${time.slice(0, 20)}${answeredFraction(time.slice(20, -1))}Z`;

/** The present moment with microseconds, in the form that {@link parseTime} returns. */
export function currentTime(): string {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, 23)}${String(micros % 1000).padStart(3, '0')}Z`;
}
