import {Readable} from 'node:stream';
import {AuditError} from '../errors';
import {invalidFile} from '../export/csv-framing';
import {readCsvRecords} from '../export/csv-records';
import {decodeEntry, entryHeader} from '../export/read-entry-csv';
import type {EntryColumn} from '../models/entry-columns';
import type {ImportCandidate, ImportSource} from './import-source';
import {newEntry} from './new-entry';

/**
 * Entries as `csvFormat` writes them. The header may name any of the columns, in any order.
 * @throws AuditError INVALID_FILE where the header is missing or names an unknown column.
 */
export const csvSource: ImportSource = {
  kind: 'csv',
  async *read(input, file): AsyncGenerator<ImportCandidate> {
    let columns: EntryColumn[] | undefined;
    for await (const {line, cells} of readCsvRecords(Readable.from(input, {objectMode: false}))) {
      const location = {file, line};
      try {
        if (cells === undefined) throw invalidFile(line, 'The quotes of the record are misplaced');
        if (columns === undefined) columns = entryHeader(cells, line);
        else yield {location, entry: newEntry(decodeEntry(columns, cells, line), file, line)};
      } catch (error) {
        if (!(error instanceof AuditError) || columns === undefined) throw error;
        yield {location, problem: error.details};
      }
    }
    if (columns === undefined) throw invalidFile(1, 'The file has no header');
  },
};
