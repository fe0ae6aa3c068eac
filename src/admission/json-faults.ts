import type {ErrorDetail} from '../errors';
import {MAX_JSON_DEPTH} from './property-rules';

/** What is wrong with a text, if anything: PostgreSQL stores no NUL, and UTF-8 has no lone surrogates. */
export function textFault(text: string): Pick<ErrorDetail, 'code' | 'message'> | undefined {
  if (text.includes('\0')) return {code: 'INVALID_CHARACTER', message: 'holds a NUL character'};
  if (!text.isWellFormed()) return {code: 'INVALID_CHARACTER', message: 'holds half of a surrogate pair'};
  return undefined;
}

/**
 * The first thing in a JSON value that cannot be stored as it is, with the path to it.
 * Walks without recursion, so that no nesting can exhaust the stack.
 */
export function jsonFault(value: unknown, field: string): ErrorDetail | undefined {
  const open: {value: unknown; path: string; depth: number}[] = [{value, path: field, depth: 0}];
  for (let node = open.pop(); node; node = open.pop()) {
    const fault = nodeFault(node.value, node.depth);
    if (fault) return {field: node.path, ...fault};
    if (typeof node.value !== 'object' || node.value === null) continue;
    for (const [key, child] of Object.entries(node.value)) {
      // JSON leaves such a property out; in a list it has nothing for it.
      if (child === undefined && !Array.isArray(node.value)) continue;
      if (key === '__proto__') {
        return {
          field: `${node.path}.__proto__`,
          code: 'FORBIDDEN_KEY',
          message: 'is not a name for a property',
        };
      }
      const keyFault = textFault(key);
      if (keyFault) return {field: node.path, ...keyFault};
      open.push({value: child, path: `${node.path}.${key.slice(0, 64)}`, depth: node.depth + 1});
    }
  }
  return undefined;
}

function nodeFault(value: unknown, depth: number): Pick<ErrorDetail, 'code' | 'message'> | undefined {
  if (depth > MAX_JSON_DEPTH) {
    return {code: 'TOO_DEEP', message: `is nested more than ${MAX_JSON_DEPTH} levels deep`};
  }
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return {code: 'INVALID_NUMBER', message: 'is a number too large for IEEE 754; send it as text'};
  }
  if (isJson(value)) return undefined;
  return {code: 'INVALID_TYPE', message: 'is no JSON: send texts, numbers, lists and plain objects'};
}

/** What a host hands over may be anything; JSON would write an object of a class otherwise than the leaf holds it. */
function isJson(value: unknown): boolean {
  if (typeof value !== 'object') return ['string', 'number', 'boolean'].includes(typeof value);
  if (value === null || Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || Object.getPrototypeOf(prototype) === null) && !('toJSON' in value);
}
