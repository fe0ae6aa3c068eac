import type {Readable} from 'node:stream';
import {setImmediate} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import {columnOf, type EntryColumn} from '../models/entry-columns';
import {decodeCell} from './csv-cell';
import {invalidFile} from './csv-framing';
import {readCsvRecords} from './csv-records';

const PAGE_SIZE = 100;
const REQUIRED = [
  'id',
  'tenantId',
  'action',
  'actedAt',
  'recordedAt',
  'actor',
  'actorType',
  'outcome',
  'severity',
];

/**
 * Reads entries back from the CSV that `csvFormat` wrote, types and texts exactly restored, as pages
 * of at most a hundred entries. Columns may come in any order.
 * @throws AuditError INVALID_FILE, with the line, for a header with unknown, repeated or missing
 * columns, for misplaced quotes, a record with too few or too many cells, and a cell that cannot be
 * read; what the source throws.
 */
export async function* readEntryCsv(source: Readable): AsyncGenerator<AuditEntry[]> {
  let columns: EntryColumn[] | undefined;
  let page: AuditEntry[] = [];
  for await (const {line, cells} of readCsvRecords(source)) {
    if (cells === undefined) throw invalidFile(line, 'The quotes of the record are misplaced');
    if (columns === undefined) {
      columns = entryHeader(cells, line);
      requireColumns(columns, line);
      continue;
    }
    page.push(decodeEntry(columns, cells, line) as unknown as AuditEntry);
    if (page.length === PAGE_SIZE) {
      yield page;
      page = [];
      await setImmediate();
    }
  }
  if (columns === undefined) throw invalidFile(1, 'The file has no header');
  if (page.length > 0) yield page;
}

/**
 * The columns that a header names.
 * @throws AuditError INVALID_FILE for an unknown or a repeated name.
 */
export function entryHeader(cells: readonly string[], line: number): EntryColumn[] {
  return cells.map((name, index) => {
    const column = columnOf(name);
    if (column === undefined) throw invalidFile(line, `The header names an unknown column '${name}'`);
    if (cells.indexOf(name) !== index) throw invalidFile(line, `The header names the column '${name}' twice`);
    return column;
  });
}

function requireColumns(columns: readonly EntryColumn[], line: number) {
  const missing = REQUIRED.filter(name => !columns.some(column => column.property === name));
  if (missing.length > 0) throw invalidFile(line, `The header lacks ${missing.join(', ')}`);
}

/**
 * The properties that a record gives; empty cells leave theirs absent.
 * @throws AuditError INVALID_FILE where the number of cells or a cell is wrong.
 */
export function decodeEntry(
  columns: readonly EntryColumn[],
  cells: readonly string[],
  line: number,
): Record<string, unknown> {
  if (cells.length !== columns.length) {
    throw invalidFile(line, `The record has ${cells.length} cells where the header has ${columns.length}`);
  }
  const entry: Record<string, unknown> = {};
  for (const [index, {property, kind}] of columns.entries()) {
    try {
      const value = decodeCell(cells[index] ?? '', kind);
      if (value !== undefined) entry[property] = value;
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      throw new AuditError(
        'INVALID_FILE',
        `Cannot read ${property} (line ${line}). ${error.message}`,
        [{field: property, code: 'MALFORMED', message: error.message, line}],
        {cause: error},
      );
    }
  }
  return entry;
}
