import {createHash} from 'node:crypto';
import type {JsonObject} from '../entry';

/** What stands for a value that is withheld. */
export const WITHHELD = '[withheld]';

/** Which properties are withheld: names, or a function of the name. */
export type MaskRule = readonly string[] | ((property: string) => boolean);

/** Parts of names whose values are withheld wherever nothing else is said, in any spelling. */
export const MASKED_PARTS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'accesskey',
  'privatekey',
  'credential',
  'authorization',
] as const;

/** Words that are withheld alone, and not as a part of another: `pin`, but not `shipping`. */
export const MASKED_WORDS = ['cvv', 'pin'] as const;

/** Whether a name is one of those that are withheld by default. */
export function isMaskedByDefault(name: string): boolean {
  const joined = name.replace(/[^A-Za-z0-9]+/g, '').toLowerCase();
  if (MASKED_PARTS.some(part => joined.includes(part))) return true;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return MASKED_WORDS.some(word => words.includes(word));
}

/** What stands for the id of an entity where it must not be shown: its SHA-256, which still tells rows apart. */
export const withheldId = (id: string): string => createHash('sha256').update(id).digest('hex');

/** Names whose answer is remembered; the keys of documents are without number. */
const REMEMBERED = 1_000;

/** Whether a property is withheld, by the model's hidden ones, the rule of the mixin, or the default names. */
export function masking(hidden: readonly string[], rule: MaskRule = []): (property: string) => boolean {
  const named = typeof rule === 'function' ? rule : (property: string) => rule.includes(property);
  const known = new Map<string, boolean>();
  return property => {
    const answer = known.get(property);
    if (answer !== undefined) return answer;
    const isMasked = hidden.includes(property) || named(property) || isMaskedByDefault(property);
    if (known.size < REMEMBERED) known.set(property, isMasked);
    return isMasked;
  };
}

/** The state of an entity with the values that are withheld replaced, at every depth. */
export function withheld(state: JsonObject, isMasked: (property: string) => boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      if (value !== null && isMasked(name)) return [name, WITHHELD];
      return [name, nested(value, isMasked)];
    }),
  );
}

function nested(value: JsonObject[string], isMasked: (property: string) => boolean): JsonObject[string] {
  if (Array.isArray(value)) return value.map(each => nested(each, isMasked));
  return typeof value === 'object' && value !== null ? withheld(value, isMasked) : value;
}
