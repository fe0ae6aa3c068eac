import {isIPv4} from 'node:net';
import {validate as isUuid} from 'uuid';
import {canonicalIp} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import {PROPERTY_RULES} from '../admission/property-rules';
import type {Operand} from '../models/condition';
import type {EntryColumn} from '../models/entry-columns';
import {parseTime} from '../models/time';
import {queryFault} from './fault';

const MAX_TEXT = 4_096;

/**
 * Checks a value that a property is compared with and answers it in the form in which the property is stored.
 *
 * @throws AuditError INVALID_FILTER
 */
export function readOperand(
  column: EntryColumn,
  path: readonly string[],
  value: unknown,
  field: string,
): Operand {
  if (value === null) return null;
  if (path.length > 0) return readJsonOperand(value, field);
  switch (column.kind) {
    case 'uuid':
      if (typeof value === 'string' && isUuid(value)) return value.toLowerCase();
      throw queryFault(field, 'INVALID_ID', 'must be a UUID');
    case 'time':
      return readTime(value, field);
    case 'ip':
      return readNetwork(value, field);
    case 'bigint':
      if (Number.isSafeInteger(value)) return value as number;
      throw queryFault(field, 'INVALID_TYPE', 'must be a whole number');
    case 'bytes':
      if (typeof value === 'string' && /^(?:[0-9a-f]{2}){1,64}$/i.test(value)) return value.toLowerCase();
      throw queryFault(field, 'INVALID_VALUE', 'must be bytes as hexadecimal digits');
    case 'json':
      throw queryFault(
        field,
        'INVALID_VALUE',
        'compares with null alone; name a property inside it, as in after.role',
      );
    default:
      return readText(column, value, field);
  }
}

/** A time, as the 27 characters of {@link parseTime}. Dates that LoopBack clients send as JSON are such text. */
export function readTime(value: unknown, field: string): string {
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  if (time === undefined) throw queryFault(field, 'INVALID_DATE', 'must be an RFC 3339 time');
  return time;
}

/** Any text that could be stored. */
export function readPattern(value: unknown, field: string): string {
  if (typeof value !== 'string') throw queryFault(field, 'INVALID_TYPE', 'must be text');
  if (value.length > MAX_TEXT)
    throw queryFault(field, 'TOO_LONG', `must have at most ${MAX_TEXT} characters`);
  const fault = textFault(value);
  if (fault) throw queryFault(field, fault.code, fault.message);
  return value;
}

/** A pattern of SQL's LIKE, whose escape character is the backslash. */
export function readLike(value: unknown, field: string): string {
  const pattern = readPattern(value, field);
  if (/(^|[^\\])(\\\\)*\\$/.test(pattern)) {
    throw queryFault(field, 'INVALID_PATTERN', 'ends with its escape character');
  }
  return pattern;
}

function readText(column: EntryColumn, value: unknown, field: string): string {
  const text = readPattern(value, field);
  const rule = PROPERTY_RULES[column.property as keyof typeof PROPERTY_RULES];
  if (rule?.type === 'oneOf' && !rule.values.includes(text)) {
    throw queryFault(field, 'INVALID_VALUE', `must be one of ${rule.values.join(', ')}`);
  }
  return text;
}

function readJsonOperand(value: unknown, field: string): Operand {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'boolean') return value;
  return readPattern(value, field);
}

/** Bits that come before an IPv4 address which is mapped into IPv6 (RFC 4291, 2.5.5.2). */
const MAPPING_BITS = 96;

/** An address, or a network in CIDR notation (RFC 4632, RFC 4291). */
function readNetwork(value: unknown, field: string): string {
  const [address = '', prefix, ...more] = typeof value === 'string' ? value.split('/') : [];
  const ip = canonicalIp(address);
  const written = prefix === undefined ? undefined : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (ip !== undefined && more.length === 0) {
    if (written === undefined) return ip;
    const bits = isIPv4(ip) && !isIPv4(address) ? written - MAPPING_BITS : written;
    if (bits >= 0 && bits <= (isIPv4(ip) ? 32 : 128)) return `${ip}/${bits}`;
  }
  throw queryFault(field, 'INVALID_IP', 'must be an address, or a network such as 10.0.0.0/8');
}
