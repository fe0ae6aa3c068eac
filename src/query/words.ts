import type {Condition} from '../models/condition';
import {queryFault} from './fault';
import {readPattern} from './operand';
import type {Written} from './term';

/** Words of a search at most. */
const MAX_WORDS = 32;

/**
 * Reads one word or phrase to be found anywhere in the texts of an entry; a word with a trailing `*` is a beginning.
 *
 * @throws AuditError INVALID_PARAMETER where there is no letter and no digit in it
 */
export function readWords({text, quoted}: Written, field: string): Condition {
  const isPrefix = !quoted && text.endsWith('*') && /^[\p{L}\p{N}]+\*$/u.test(text);
  const words = isPrefix ? text.slice(0, -1) : text;
  checkWords(words, field);
  return {kind: 'words', text: isPrefix ? words : `"${words.replaceAll('"', ' ')}"`, prefix: isPrefix};
}

/**
 * Reads what people type into the search field of a web site: words that all must be there, "a phrase", `or`, `-not`.
 *
 * @throws AuditError INVALID_PARAMETER where there is no letter and no digit in it
 */
export function readWebSearch(text: string, field: string): Condition {
  if (/^[\p{L}\p{N}]+\*$/u.test(text)) return readWords({text, quoted: false}, field);
  checkWords(text, field);
  return {kind: 'words', text, prefix: false};
}

function checkWords(text: string, field: string): void {
  readPattern(text, field);
  const count = text.split(/[^\p{L}\p{N}]+/u).filter(word => word !== '').length;
  const fault = (code: string, message: string) => queryFault(field, code, message, 'INVALID_PARAMETER');
  if (count === 0) throw fault('INVALID_VALUE', 'has no letter and no digit to search for');
  if (count > MAX_WORDS) throw fault('TOO_LONG', `has more than ${MAX_WORDS} words`);
}
