import {Readable} from 'node:stream';
import type {EntryPages, ExportFormat, ExportOptions} from './export-format';
import {objectPages} from './table';

/** One JSON array (RFC 8259), an object a line; absent properties are left out. */
export const jsonFormat: ExportFormat = {
  name: 'json',
  contentType: 'application/json; charset=utf-8',
  extension: 'json',
  write: (pages, options) => Readable.from(chunks(pages, options), {objectMode: false}),
};

async function* chunks(pages: EntryPages, options: ExportOptions = {}): AsyncGenerator<Buffer> {
  let separator = '[\n';
  for await (const page of objectPages(pages, options.columns)) {
    if (page.length === 0) continue;
    yield Buffer.from(separator + page.map(row => JSON.stringify(row)).join(',\n'));
    separator = ',\n';
  }
  yield Buffer.from(separator === '[\n' ? '[]\n' : '\n]\n');
}
