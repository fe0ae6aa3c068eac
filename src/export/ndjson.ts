import {Readable} from 'node:stream';
import type {EntryPages, ExportFormat, ExportOptions} from './export-format';
import {objectPages} from './table';

/** One JSON object a line, each line ended by LF; absent properties are left out. */
export const ndjsonFormat: ExportFormat = {
  name: 'ndjson',
  contentType: 'application/x-ndjson',
  extension: 'ndjson',
  write: (pages, options) => Readable.from(lines(pages, options), {objectMode: false}),
};

async function* lines(pages: EntryPages, options: ExportOptions = {}): AsyncGenerator<Buffer> {
  for await (const page of objectPages(pages, options.columns)) {
    yield Buffer.from(page.map(row => `${JSON.stringify(row)}\n`).join(''));
  }
}
