import {createReadStream} from 'node:fs';
import {basename} from 'node:path';
import {Readable} from 'node:stream';
import {AuditError} from '../errors';
import {decodeText} from '../export/csv-cell';
import {invalidFile} from '../export/csv-framing';
import {readCsvRecords} from '../export/csv-records';
import {decodeEntry, entryHeader} from '../export/read-entry-csv';
import {detectKind} from '../import/detect-kind';
import type {ImportKind} from '../import/import-source';
import {type InputFile, openBytes} from '../import/input-file';
import {examineEntry} from '../integrity/examine-entry';
import {ambiguity} from '../integrity/one-reading';
import type {EntryColumn} from '../models/entry-columns';
import type {BlockPool} from './block-pool';
import type {ExaminedBlock} from './examine-lines';
import {lineBlocks} from './line-blocks';

/** The name that stands for the standard input. */
export const STDIN = '-';

const READ_AT_ONCE = 256 << 10;
/** Records of a block, where they are read one by one. */
const BLOCK = 200;

/** Opens a file of entries, or the standard input, and unzips it where its first bytes say so. */
export const openEntries = (path: string, onRead: (bytes: number) => void): Promise<InputFile> =>
  openBytes(path === STDIN ? process.stdin : createReadStream(path, {highWaterMark: READ_AT_ONCE}), onRead);

/**
 * The entries of an opened file in blocks, in their order: NDJSON or CSV, as this service exports and archives
 * them. A record that is no entry is a finding, and so is what keeps the file from being read further.
 */
export async function* examineFile(
  path: string,
  input: InputFile,
  pool: BlockPool,
): AsyncGenerator<ExaminedBlock> {
  const file = path === STDIN ? 'stdin' : basename(path);
  try {
    const kind = kindOf(path, input.head);
    if (kind === 'ndjson') yield* ndjsonBlocks(input.bytes, file, pool);
    else if (kind === 'csv') yield* blocksOf(csvEntries(input.bytes, file));
    else throw otherFile();
  } catch (error) {
    yield {...nothing(), findings: [unreadable(file, error)]};
  }
}

const otherFile = (cause?: unknown) =>
  new AuditError('INVALID_FILE', 'The file is neither NDJSON nor CSV as this service writes them.', [], {
    cause,
  });

function kindOf(path: string, head: Uint8Array): ImportKind {
  if (head.length === 0) return 'ndjson';
  try {
    return detectKind(path, head);
  } catch (error) {
    throw otherFile(error);
  }
}

/** How a file that cannot be read, or be read further, is told of. */
export const unreadable = (place: string, error: unknown) =>
  ({kind: 'unreadable', place, detail: error instanceof Error ? error.message : String(error)}) as const;

const nothing = (): ExaminedBlock => ({entries: [], findings: [], lines: 0});

async function* ndjsonBlocks(
  input: AsyncIterable<Uint8Array>,
  file: string,
  pool: BlockPool,
): AsyncGenerator<ExaminedBlock> {
  const ahead: (Promise<ExaminedBlock> | ExaminedBlock)[] = [];
  let firstLine = 1;
  for await (const {bytes, tooLong} of lineBlocks(input)) {
    if (tooLong) {
      const finding = {
        kind: 'unreadable',
        place: `${file}:${firstLine++}`,
        detail: 'the line is too long',
      } as const;
      ahead.push({...nothing(), findings: [finding]});
    } else {
      const lines = linesIn(bytes);
      ahead.push(pool.examine({bytes, file, firstLine}));
      firstLine += lines;
    }
    if (ahead.length >= pool.most) yield (await ahead.shift()) as ExaminedBlock;
  }
  while (ahead.length > 0) yield (await ahead.shift()) as ExaminedBlock;
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** A record of a file: an entry, or what is wrong with it. */
type ReadRecord = {place: string; entry: object} | {place: string; problem: unknown};

async function* csvEntries(input: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<ReadRecord> {
  let columns: EntryColumn[] | undefined;
  for await (const {line, cells} of readCsvRecords(Readable.from(input, {objectMode: false}))) {
    const place = `${file}:${line}`;
    try {
      if (cells === undefined) throw invalidFile(line, 'The quotes of the record are misplaced');
      if (columns === undefined) columns = entryHeader(cells, line);
      else {
        const entry = decodeEntry(columns, cells, line);
        const problem = ambiguous(columns, cells);
        yield problem === undefined ? {place, entry} : {place, problem};
      }
    } catch (problem) {
      if (columns === undefined) throw problem;
      yield {place, problem};
    }
  }
}

/** What is wrong with a cell that holds JSON which readers may take in two ways. */
function ambiguous(columns: readonly EntryColumn[], cells: readonly string[]): string | undefined {
  for (const [i, {kind, property}] of columns.entries()) {
    const found = kind === 'json' ? ambiguity(decodeText(cells[i] ?? '') ?? '') : undefined;
    if (found) return `${property} can be read in two ways: ${found.detail}`;
  }
  return undefined;
}

async function* blocksOf(records: AsyncGenerator<ReadRecord>): AsyncGenerator<ExaminedBlock> {
  let block = nothing();
  try {
    for await (const record of records) {
      if ('entry' in record) block.entries.push(examineEntry(record.entry, record.place));
      else block.findings.push(unreadable(record.place, record.problem));
      block.lines++;
      if (block.lines < BLOCK) continue;
      yield block;
      block = nothing();
    }
  } catch (error) {
    // What came before the fault counts all the same.
    yield block;
    throw error;
  }
  yield block;
}
