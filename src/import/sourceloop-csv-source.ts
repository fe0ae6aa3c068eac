import {Readable} from 'node:stream';
import type {JsonObject} from '@loopback-audit/audit-log';
import type {ErrorDetail} from '../errors';
import {invalidFile} from '../export/csv-framing';
import {readCsvRecords} from '../export/csv-records';
import {columnOf} from '../models/entry-columns';
import type {ImportCandidate, ImportSource} from './import-source';
import {isJsonObject} from './json-object';
import {newEntry} from './new-entry';

/**
 * What `@sourceloop/audit-service` writes when it archives: a header of its model's properties, rows
 * joined by LF, only before and after quoted, null an empty cell (or the JSON text null in before and
 * after). Since it quotes nothing else, a comma or a line break in a value shifts the cells behind
 * it: such a row has another number of cells than the header, and is answered as a problem rather
 * than guessed at. Columns that an entry has not are kept in `metadata.sourceloop`.
 * @throws AuditError INVALID_FILE where the header is missing.
 */
export const sourceloopCsvSource: ImportSource = {
  kind: 'sourceloop-csv',
  async *read(input, file): AsyncGenerator<ImportCandidate> {
    let header: readonly string[] | undefined;
    const bytes = Readable.from(input, {objectMode: false});
    for await (const {line, cells} of readCsvRecords(bytes, {bareQuotes: true})) {
      if (header === undefined) {
        if (cells === undefined) throw invalidFile(line, 'The quotes of the header are misplaced');
        header = cells;
        continue;
      }
      const location = {file, line};
      const read = readRow(header, cells);
      if ('problem' in read) yield {location, problem: [{...read.problem, line}]};
      else yield {location, entry: newEntry(read.values, file, line)};
    }
    if (header === undefined) throw invalidFile(1, 'The file has no header');
  },
};

type Row = {values: Record<string, unknown>} | {problem: ErrorDetail};

function readRow(header: readonly string[], cells: readonly string[] | undefined): Row {
  if (cells === undefined) return malformed('', 'The quotes of the row are misplaced.');
  if (cells.length !== header.length) {
    return malformed(
      '',
      `The row has ${cells.length} cells where the header has ${header.length}: a value contains a comma or a line break.`,
    );
  }
  const values: Record<string, unknown> = {};
  const unknown: JsonObject = {};
  for (const [index, name] of header.entries()) {
    const cell = cells[index] ?? '';
    if (cell === '') continue;
    if (name !== 'before' && name !== 'after') (isText(name) ? values : unknown)[name] = cell;
    else {
      const state = parsed(cell);
      if (state === undefined) return malformed(name, `The cell ${name} is not a JSON object.`);
      values[name] = state;
    }
  }
  if (Object.keys(unknown).length > 0) values.metadata = {sourceloop: unknown};
  return {values};
}

const isText = (name: string) => ['text', 'time', 'uuid', 'ip'].includes(columnOf(name)?.kind ?? '');

/** An object, null, or undefined where the text is neither. */
function parsed(cell: string): unknown {
  try {
    const value: unknown = JSON.parse(cell);
    return isJsonObject(value) || value === null ? value : undefined;
  } catch {
    return undefined;
  }
}

const malformed = (field: string, message: string): Row => ({problem: {field, code: 'MALFORMED', message}});
