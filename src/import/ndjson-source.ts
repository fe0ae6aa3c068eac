import type {ErrorDetail} from '../errors';
import {byteLines} from './byte-lines';
import type {ImportCandidate, ImportSource} from './import-source';
import {isJsonObject} from './json-object';
import {newEntry} from './new-entry';

/** Entries as `ndjsonFormat` writes them, one JSON object a line; blank lines are skipped. */
export const ndjsonSource: ImportSource = {
  kind: 'ndjson',
  async *read(input, file): AsyncGenerator<ImportCandidate> {
    for await (const {number: line, text} of byteLines(input)) {
      if (text?.trim() === '') continue;
      const location = {file, line};
      const value = parseLine(text);
      if (isJsonObject(value)) yield {location, entry: newEntry(value, file, line)};
      else yield {location, problem: [{...badLine(text, value), line}]};
    }
  },
};

const INVALID = Symbol('not JSON');

function parseLine(text: string | undefined): unknown {
  try {
    return text === undefined ? INVALID : JSON.parse(text);
  } catch {
    return INVALID;
  }
}

function badLine(text: string | undefined, value: unknown): ErrorDetail {
  if (text === undefined) {
    return {field: '', code: 'MALFORMED', message: 'The line is not UTF-8, or longer than 16 MiB.'};
  }
  return value === INVALID
    ? {field: '', code: 'INVALID_JSON', message: 'The line is not valid JSON.'}
    : {field: '', code: 'INVALID_TYPE', message: 'The line is not a JSON object.'};
}
