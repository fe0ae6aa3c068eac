import type {ImportCandidate, ImportSource} from './import-source';
import {isJsonObject} from './json-object';
import {jsonRecords} from './json-records';
import {newEntry} from './new-entry';

/** Entries as `jsonFormat` writes them: one JSON array. */
export const jsonSource: ImportSource = {
  kind: 'json',
  async *read(input, file): AsyncGenerator<ImportCandidate> {
    let record = 0;
    for await (const value of jsonRecords(input, '$.*')) {
      const location = {file, record: ++record};
      if (isJsonObject(value)) yield {location, entry: newEntry(value, file, record)};
      else {
        const message = 'The record is not a JSON object.';
        yield {location, problem: [{field: '', code: 'INVALID_TYPE', message, line: record}]};
      }
    }
  },
};
