import type {JsonObject, JsonValue} from '../entry';

/**
 * A value of a model as JSON, so that equal values have equal JSON: dates as RFC 3339 in UTC, bytes as base64,
 * big numbers and decimals as the text they print, what has `toJSON` as that. `undefined` and what is not a
 * number count as null.
 */
export function jsonOf(value: unknown): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return value.toString();
    case 'object':
      return value === null ? null : jsonOfObject(value);
    default:
      return null;
  }
}

function jsonOfObject(value: object): JsonValue {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonOf(value.toJSON());
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && value.toString !== Object.prototype.toString) {
    return value.toString();
  }
  return jsonOfProperties(value as Readonly<Record<string, unknown>>);
}

/** A document that a column of text holds as text, as the connector stores objects and lists; else the value. */
export function documentOf(value: JsonValue): JsonValue {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The properties of an object as JSON; those that are absent or undefined are left out. */
export function jsonOfProperties(value: Readonly<Record<string, unknown>>): JsonObject {
  const properties = Object.entries(value).filter(
    ([name, each]) => each !== undefined && name !== '__proto__',
  );
  return Object.fromEntries(properties.map(([name, each]) => [name, jsonOf(each)]));
}

/** Whether two JSON values are the same, null and absent too; the order of an object's properties does not count. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b || ((a ?? null) === null && (b ?? null) === null)) return true;
  return equal(a, b);
}

/** The same inside a value, where null and absent are two things. */
function equal(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => equal(each, b[i]))
    );
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}
