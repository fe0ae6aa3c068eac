import {AuditError} from '../errors';
import type {ColumnKind} from '../models/entry-columns';

const BEGINS_A_FORMULA = /^[=+\-@\t\r']/;
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * A value as the text of a CSV cell, before quoting. The encoding can be undone exactly:
 *
 * - an absent value (undefined or null) is an empty cell;
 * - an empty string is a lone apostrophe;
 * - a text that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or an apostrophe gets one
 *   apostrophe in front, so that no spreadsheet runs it as a formula (OWASP, CSV Injection);
 * - objects and lists are JSON text (RFC 8259), dates RFC 3339, everything else is as it stands.
 */
export function encodeCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = cellText(value);
  return text === '' || BEGINS_A_FORMULA.test(text) ? `'${text}` : text;
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Quotes an encoded cell where RFC 4180 asks for it. */
export function quoteCell(cell: string): string {
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The text that `encodeCell` encoded; undefined for an empty cell. One leading apostrophe goes. */
export function decodeText(cell: string): string | undefined {
  if (cell === '') return undefined;
  return cell.startsWith("'") ? cell.slice(1) : cell;
}

/**
 * The value that `encodeCell` encoded, by the kind of its column; undefined for an empty cell.
 * @throws AuditError INVALID_FILE where the text is not of that kind.
 */
export function decodeCell(cell: string, kind: ColumnKind): unknown {
  const text = decodeText(cell);
  if (text === undefined) return undefined;
  switch (kind) {
    case 'json':
      return parseJson(text);
    case 'textArray':
      return textArray(parseJson(text));
    case 'bigint':
      return safeInteger(text);
    default:
      return text;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AuditError('INVALID_FILE', 'The cell is not valid JSON.', [], {cause});
  }
}

function textArray(value: unknown): unknown {
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value;
  throw new AuditError('INVALID_FILE', 'The cell is not a JSON list of strings.');
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new AuditError('INVALID_FILE', 'The cell is not a whole number.');
}
