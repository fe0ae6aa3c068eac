import type {JsonValue} from '@loopback-audit/audit-log';

/** What JSON.stringify makes of half a surrogate pair, or of a backslash before such letters. */
const SUSPECT = /\\ud[89a-f]/;

/**
 * A JSON value in the one form that RFC 8785 (JSON Canonicalization Scheme) gives it. Properties whose value is
 * `undefined` count as absent.
 *
 * @throws TypeError where a number is not finite, or a string is no Unicode (half a surrogate pair)
 */
export function canonicalJson(value: JsonValue): string {
  const text = serialized(value);
  if (SUSPECT.test(text)) refuseHalves(value);
  return text;
}

function serialized(value: JsonValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('JSON has no numbers that are not finite.');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map(serialized).join(',')}]` : serializedObject(value);
    default:
      throw new TypeError(`JSON has no ${typeof value}.`);
  }
}

/** Properties in the order of their names' UTF-16 code units, which is how JavaScript sorts. */
function serializedObject(object: {[name: string]: JsonValue}): string {
  let text = '';
  for (const name of Object.keys(object).sort()) {
    const value = object[name];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${serialized(value)}`;
  }
  return `{${text}}`;
}

function refuseHalves(value: JsonValue): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('A string holds half a surrogate pair.');
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      refuseHalves(name);
      refuseHalves(inner);
    }
  }
}
