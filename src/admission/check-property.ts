import {isIP, SocketAddress} from 'node:net';
import {validate as isUuid} from 'uuid';
import type {ErrorDetail} from '../errors';
import {answeredTime, parseTime} from '../models/time';
import {jsonFault, textFault} from './json-faults';
import {MAX_RELATED_ENTITIES, type PropertyRule} from './property-rules';

type Checked = {value: unknown} | {fault: ErrorDetail};

/** Holds a value against the rule of its property, and answers it in the form in which it is stored. */
export function checkProperty(field: string, value: unknown, rule: PropertyRule): Checked {
  const bad = (code: string, message: string): Checked => ({fault: {field, code, message}});
  switch (rule.type) {
    case 'text':
      return checkText(field, value, rule);
    case 'oneOf':
      return rule.values.includes(value as string)
        ? {value}
        : bad('INVALID_VALUE', `must be one of ${rule.values.join(', ')}`);
    case 'uuid':
      return typeof value === 'string' && isUuid(value)
        ? {value: value.toLowerCase()}
        : bad('INVALID_ID', 'must be a UUID');
    case 'time': {
      const time = timeText(value);
      return time === undefined
        ? bad('INVALID_DATE', 'must be an RFC 3339 time, such as 2026-11-22T03:10:59.123456Z')
        : {value: answeredTime(time)};
    }
    case 'ip': {
      const ip = typeof value === 'string' ? canonicalIp(value) : undefined;
      return ip === undefined ? bad('INVALID_IP', 'must be an IPv4 or IPv6 address') : {value: ip};
    }
    case 'object': {
      if (!isPlainObject(value)) return bad('INVALID_TYPE', 'must be an object');
      const fault = jsonFault(value, field);
      return fault ? {fault} : {value};
    }
    case 'textList':
      return checkList(field, value, rule.maxItems, (item, at) =>
        checkText(at, item, {type: 'text', maxLength: rule.maxLength}),
      );
    case 'references':
      return checkList(field, value, MAX_RELATED_ENTITIES, checkReference);
  }
}

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * An address in the form in which PostgreSQL answers it: as RFC 5952 writes it, without zone or prefix length. An IPv4
 * address that was mapped into IPv6 (RFC 4291, 2.5.5.2), as servers see it that listen to both, is the IPv4 address.
 */
export function canonicalIp(text: string): string | undefined {
  if (text.includes('%')) return undefined;
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return text;
  const {address} = new SocketAddress({address: text, family: 'ipv6'});
  const [, mapped] = /^::ffff:([\d.]+)$/.exec(address) ?? [];
  return mapped ?? address;
}

const timeText = (value: unknown): string | undefined => {
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? undefined : parseTime(value.toISOString());
  return typeof value === 'string' ? parseTime(value) : undefined;
};

function checkText(field: string, value: unknown, rule: Extract<PropertyRule, {type: 'text'}>): Checked {
  if (typeof value !== 'string') return {fault: {field, code: 'INVALID_TYPE', message: 'must be text'}};
  if (value.length > rule.maxLength) {
    return {fault: {field, code: 'TOO_LONG', message: `must have at most ${rule.maxLength} characters`}};
  }
  if (rule.maxBytes !== undefined && Buffer.byteLength(value) > rule.maxBytes) {
    return {fault: {field, code: 'TOO_LONG', message: `must have at most ${rule.maxBytes} bytes of UTF-8`}};
  }
  if (rule.pattern && !rule.pattern.test(value)) {
    return {fault: {field, code: 'INVALID_VALUE', message: `must be ${rule.patternHint}`}};
  }
  const fault = textFault(value);
  return fault ? {fault: {field, ...fault}} : {value};
}

function checkList(
  field: string,
  value: unknown,
  maxItems: number,
  check: (item: unknown, field: string) => Checked,
): Checked {
  if (!Array.isArray(value)) return {fault: {field, code: 'INVALID_TYPE', message: 'must be a list'}};
  if (value.length > maxItems) {
    return {fault: {field, code: 'TOO_LONG', message: `must have at most ${maxItems} items`}};
  }
  const items: unknown[] = [];
  for (const [i, item] of value.entries()) {
    const checked = check(item, `${field}[${i}]`);
    if ('fault' in checked) return checked;
    items.push(checked.value);
  }
  return {value: items};
}

function checkReference(item: unknown, field: string): Checked {
  if (!isPlainObject(item) || Object.keys(item).some(key => key !== 'type' && key !== 'id')) {
    return {fault: {field, code: 'INVALID_TYPE', message: 'must be an object of type and id'}};
  }
  for (const key of ['type', 'id'] as const) {
    const checked = checkText(`${field}.${key}`, item[key], {type: 'text', maxLength: 2_048});
    if ('fault' in checked) return checked;
  }
  return {value: {type: item.type, id: item.id}};
}
