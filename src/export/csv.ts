import {Readable} from 'node:stream';
import {encodeCell, quoteCell} from './csv-cell';
import type {EntryPages, ExportFormat, ExportOptions} from './export-format';
import {tablePages} from './table';

/**
 * CSV (RFC 4180): UTF-8 without a byte order mark, a header row, CRLF after every row. Cells are
 * encoded as `encodeCell` says, so that `readEntryCsv` restores every value.
 */
export const csvFormat: ExportFormat = {
  name: 'csv',
  contentType: 'text/csv; charset=utf-8',
  extension: 'csv',
  write: (pages, options) => Readable.from(csvChunks(pages, options), {objectMode: false}),
};

/** One row of CSV with its CRLF. */
export function csvRow(values: readonly unknown[]): string {
  return `${values.map(value => quoteCell(encodeCell(value))).join(',')}\r\n`;
}

async function* csvChunks(pages: EntryPages, options: ExportOptions = {}): AsyncGenerator<Buffer> {
  let headed = false;
  for await (const {columns, rows} of tablePages(pages, options.columns)) {
    const header = headed ? '' : csvRow(columns.map(column => column.name));
    headed = true;
    yield Buffer.from(header + rows.map(csvRow).join(''));
  }
}
