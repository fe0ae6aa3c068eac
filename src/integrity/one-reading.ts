import {repeatedName} from './repeated-name';

/** Strings, so that what is in them is passed over, and numbers. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Why readers may differ in what a valid JSON text says: a name that stands twice (RFC 8259, section 4), or a number that
 * is none of IEEE 754 (RFC 8785, section 3.2.2.3), which some round and others do not. Undefined where all read the same.
 */
export function ambiguity(text: string): {field: string; detail: string} | {detail: string} | undefined {
  const field = repeatedName(text);
  if (field !== undefined) return {field, detail: 'it has this property twice'};
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith('"') || decimal(token) === decimal(String(Number(token)))) continue;
    return {detail: `the number ${token.slice(0, 40)} has more digits than readers agree on`};
  }
  return undefined;
}

/** A decimal number in one form: its digits without zeros at either end, and the power of ten of the last. */
function decimal(token: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
