import {pipeline, type Readable} from 'node:stream';
import csv from 'csvtojson';
import {type CsvDialect, frameRecords, unescapeBreaks} from './csv-framing';

/** One record of a CSV file: the line (from 1) on which it begins, and its cells, unquoted. */
export interface CsvRecord {
  readonly line: number;
  /** Undefined where the quotes of the record are misplaced. */
  readonly cells: string[] | undefined;
}

/**
 * Reads CSV (RFC 4180, with CRLF or LF between records) as a stream: no more than some 64 KiB chunks
 * and one record are held, and the source is read no faster than the records are taken. Cells come
 * out to the byte as they were written, blank lines are skipped, the header is the first record.
 * @throws AuditError INVALID_FILE where `frameRecords` does; what the source throws.
 */
export async function* readCsvRecords(source: Readable, dialect: CsvDialect = {}): AsyncGenerator<CsvRecord> {
  // objectMode makes the converter push arrays; its own `then` reads the whole file, so that it must
  // never be awaited or returned from an async function.
  const converter = csv(
    {noheader: true, output: 'csv', trim: false, delimiter: ',', eol: '\n'},
    {objectMode: true},
  );
  pipeline(
    source,
    chunks => frameRecords(chunks, dialect),
    converter,
    () => {},
  );
  for await (const [line = '', ...cells] of converter as AsyncIterable<string[]>) {
    const number = Number(line);
    yield number < 0 ? {line: -number, cells: undefined} : {line: number, cells: cells.map(unescapeBreaks)};
  }
}
