import type {JsonValue} from '@loopback-audit/audit-log';

/** A character that does not stand for itself in a JSON string, or half a surrogate pair. */
const NOT_PLAIN = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** Up to so many names are put in order by insertion, which is quicker than a sort. */
const FEW = 24;

/**
 * A JSON value in the one form that RFC 8785 (JSON Canonicalization Scheme) gives it. Properties whose value is
 * `undefined` count as absent.
 *
 * @throws TypeError where a number is not finite, or a string is no Unicode (half a surrogate pair)
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('JSON has no numbers that are not finite.');
      return `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? list(value) : object(value);
    default:
      throw new TypeError(`JSON has no ${typeof value}.`);
  }
}

function quoted(text: string): string {
  if (!NOT_PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('A string holds half a surrogate pair.');
  return JSON.stringify(text);
}

function list(values: readonly JsonValue[]): string {
  let text = '';
  for (const value of values) text += `${text === '' ? '' : ','}${canonicalJson(value)}`;
  return `[${text}]`;
}

function object(value: {[name: string]: JsonValue}): string {
  let text = '';
  for (const name of inOrder(Object.keys(value))) {
    const inner = value[name];
    if (inner === undefined) continue;
    text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(inner)}`;
  }
  return `{${text}}`;
}

/** Sorts names, in place, by their UTF-16 code units, which is how JavaScript compares. */
function inOrder(names: string[]): string[] {
  if (names.length > FEW) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string;
    let place = i;
    for (; place > 0 && (names[place - 1] as string) > name; place--) {
      names[place] = names[place - 1] as string;
    }
    names[place] = name;
  }
  return names;
}
