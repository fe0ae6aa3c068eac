import type {ImportCandidate, ImportLocation} from './import-source';

/** What the service takes in one batch. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** An entry as a line of NDJSON, and where it came from. */
export interface BatchLine {
  readonly json: string;
  readonly location: ImportLocation;
}

/** Gathers entries into batches that are full by number or by bytes; one larger entry goes alone. */
export class BatchBuilder {
  private lines: BatchLine[] = [];
  private bytes = 0;

  constructor(
    private readonly maxEntries = MAX_ENTRIES,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** Adds an entry, and answers the batch that had no room for it, if any. */
  add({entry, location}: Extract<ImportCandidate, {problem?: undefined}>): BatchLine[] | undefined {
    const json = JSON.stringify(entry);
    const bytes = Buffer.byteLength(json) + 1;
    const full = this.lines.length >= this.maxEntries || this.bytes + bytes > this.maxBytes;
    const done = full ? this.take() : undefined;
    this.lines.push({json, location});
    this.bytes += bytes;
    return done;
  }

  /** The entries that are left; undefined when there are none. */
  take(): BatchLine[] | undefined {
    const {lines} = this;
    this.lines = [];
    this.bytes = 0;
    return lines.length > 0 ? lines : undefined;
  }
}
