import {AuditError, type ErrorDetail} from '../errors';
import {detectKind} from './detect-kind';
import {BatchBuilder, type BatchLine} from './import-batches';
import type {ImportCandidate, ImportKind, ImportLocation} from './import-source';
import {importSource} from './import-sources';
import {openInput} from './input-file';

/** What became of a batch: all of it was taken, or lines of it were refused and nothing was taken. */
export interface BatchAnswer {
  /** Entries that are new. */
  stored: number;
  /** Entries that were there already. */
  known: number;
  /** Lines (index from 0) that were refused, with the reason. When there are any, nothing was stored. */
  rejected: {index: number; details: ErrorDetail[]}[];
}

/** Sends entries, one JSON text each. MUST be harmless to repeat. Throws when it has to give up. */
export type SendBatch = (lines: readonly string[]) => Promise<BatchAnswer>;

/** A record that was not imported, and why. */
export interface BadRecord {
  readonly location: ImportLocation;
  readonly problem: readonly ErrorDetail[];
}

export interface ImportTotals {
  /** Records that were read, good and bad. */
  read: number;
  stored: number;
  alreadyThere: number;
  /** The first hundred bad records. */
  bad: BadRecord[];
  badCount: number;
}

export interface ImportProgress extends Readonly<ImportTotals> {
  /** Bytes of the files that were read so far, before unzipping. */
  readonly bytesRead: number;
}

export interface ImportOptions {
  send: SendBatch;
  /** What the files hold; without it each file is looked at. */
  kind?: ImportKind;
  /** Called after every batch and every file. */
  onProgress?: (progress: ImportProgress) => void;
  /** Entries of a batch; a thousand at most, and by default. */
  batchSize?: number;
}

const BAD_RECORDS_KEPT = 100;

/**
 * Reads files one after the other and sends their entries in batches. A bad record, whether it cannot
 * be read or is refused, is counted and left out; a file that cannot be read any further is one bad
 * record; everything else goes on. Importing the same files again stores nothing twice.
 * @throws what `send` throws, which ends the import.
 */
export async function importFiles(files: readonly string[], options: ImportOptions): Promise<ImportTotals> {
  const run = new ImportRun(options);
  for (const file of files) await run.file(file);
  await run.finish();
  return run.totals;
}

class ImportRun {
  readonly totals: ImportTotals = {read: 0, stored: 0, alreadyThere: 0, bad: [], badCount: 0};
  private readonly batch: BatchBuilder;
  private bytesRead = 0;

  constructor(private readonly options: ImportOptions) {
    this.batch = new BatchBuilder(Math.min(options.batchSize ?? 1_000, 1_000));
  }

  async file(file: string): Promise<void> {
    for await (const candidate of this.candidates(file)) {
      this.totals.read++;
      if (candidate.entry === undefined) this.bad(candidate);
      else await this.send(this.batch.add(candidate));
    }
    this.report();
  }

  async finish(): Promise<void> {
    await this.send(this.batch.take());
    this.report();
  }

  /** The records of a file; what keeps it from being read further is its last. */
  private async *candidates(file: string): AsyncGenerator<ImportCandidate> {
    try {
      const input = await openInput(file, bytes => {
        this.bytesRead += bytes;
      });
      try {
        yield* importSource(this.options.kind ?? detectKind(file, input.head)).read(input.bytes, file);
      } finally {
        await input.close();
      }
    } catch (error) {
      if (error instanceof AuditError && error.code === 'INVALID_FORMAT') throw error;
      yield unreadable(file, error);
    }
  }

  /** Sends a batch, and what is left of it when lines are refused, until none is. */
  private async send(batch: readonly BatchLine[] | undefined): Promise<void> {
    for (let lines = batch ?? []; lines.length > 0; ) {
      const {stored, known, rejected} = await this.options.send(lines.map(({json}) => json));
      const refused = new Map(rejected.map(({index, details}) => [index, details]));
      const left = lines.filter((_, index) => !refused.has(index));
      if (refused.size > 0 && left.length === lines.length) {
        throw new AuditError('INVALID_BATCH', 'The batch was refused for lines that it does not have.');
      }
      for (const [index, {location}] of lines.entries()) {
        const problem = refused.get(index);
        if (problem) this.bad({location, problem: problem.map(detail => inFile(detail, location))});
      }
      this.totals.stored += stored;
      this.totals.alreadyThere += known;
      lines = refused.size > 0 ? left : [];
    }
    if (batch) this.report();
  }

  private bad({location, problem}: BadRecord): void {
    this.totals.badCount++;
    if (this.totals.bad.length < BAD_RECORDS_KEPT) this.totals.bad.push({location, problem});
  }

  private report(): void {
    this.options.onProgress?.({...this.totals, bytesRead: this.bytesRead});
  }
}

/** A detail that names the line of the file instead of the line of the batch. */
function inFile({line: _, ...detail}: ErrorDetail, {line}: ImportLocation): ErrorDetail {
  return line === undefined ? detail : {...detail, line};
}

function unreadable(file: string, error: unknown): ImportCandidate {
  const details = error instanceof AuditError ? error.details : [];
  const [first] = details;
  const message = error instanceof Error ? error.message : String(error);
  return {
    location: {file, ...(first?.line !== undefined && {line: first.line})},
    problem: first ? [...details] : [{field: '', code: 'UNREADABLE', message}],
  };
}
