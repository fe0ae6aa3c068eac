import {type Place, RuleFault} from './rule-fault';

const UNIT_MS: Readonly<Record<string, number>> = {s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000};
const MAX_MS = 366 * 86_400_000;

/** Reads a time such as `30s`, `10m`, `1h` or `7d`, of a year at most, in milliseconds. @throws RuleFault */
export function readSpan(value: unknown, place: Place): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(typeof value === 'string' ? value : '') ?? [];
  const span = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (span > 0 && span <= MAX_MS) return span;
  throw new RuleFault(
    place,
    value === undefined ? 'REQUIRED' : 'INVALID_VALUE',
    'must be a time of a year at most, such as 30s, 10m, 1h or 7d',
  );
}
