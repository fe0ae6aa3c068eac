import type {ColumnKind} from '../models/entry-columns';

/** Characters that Excel accepts in one cell. */
const MAX_TEXT = 32_767;

/** Excel's calendar: 1 March 1900, after its invented leap day, to the end of 9999; in milliseconds. */
const FIRST_DAY = Date.UTC(1900, 2, 1);
const END_OF_TIME = Date.UTC(10_000, 0, 1);

export type XlsxValue = string | number | boolean | Date | undefined;

/**
 * A value as the value of a worksheet cell; undefined leaves the cell empty.
 *
 * Times become date cells in UTC to the millisecond: a workbook has no microseconds, and a time
 * that Excel's calendar cannot show stays text. Numbers stay numbers, objects and lists are JSON
 * text. Texts need no guard against formulas, because a workbook says which cells are formulas and
 * these are typed as strings.
 */
export function xlsxValue(value: unknown, kind?: ColumnKind): XlsxValue {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return dateOrText(value, String(value));
  if (kind === 'time' && typeof value === 'string') return dateOrText(new Date(value), value);
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
      return xlsxText(value);
    case 'object':
      return xlsxText(JSON.stringify(value));
    default:
      return xlsxText(String(value));
  }
}

function dateOrText(date: Date, text: string): Date | string {
  const time = date.getTime();
  return time >= FIRST_DAY && time < END_OF_TIME ? date : xlsxText(text);
}

/**
 * Text that a worksheet can hold. What XML cannot carry (control characters, U+FFFE, U+FFFF, and a
 * carriage return, which XML readers turn into a line feed) is written `_xHHHH_`, which spreadsheets
 * show as the character (ECMA-376 part 1, 22.9.2.19 ST_Xstring); text that already looks so gets its
 * underscore escaped. Longer text than a cell takes is cut, with a note of its full length.
 */
export function xlsxText(text: string): string {
  const escaped = text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[\p{Cc}\ufffe\uffff]/gu, character =>
      character === '\t' || character === '\n' || (character > '\u007f' && character < '\ufffe')
        ? character
        : `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    );
  if (escaped.length <= MAX_TEXT) return escaped;
  const note = `… [cut: ${text.length} characters in all]`;
  return wholeCharacters(escaped.slice(0, MAX_TEXT - note.length)) + note;
}

/** Text without the half of an escape or of a surrogate pair that cutting left at its end. */
const wholeCharacters = (text: string) => text.replace(/(_(x[0-9A-Fa-f]{0,4})?|[\ud800-\udbff])$/, '');
