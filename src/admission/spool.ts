import {createReadStream} from 'node:fs';
import {type FileHandle, mkdtemp, open, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Admitted} from './admit';
import {readLines} from './read-body';

/** Entries that wait in memory at most, and their length as they were sent, in UTF-16 code units. */
const AT_HAND = {entries: 2_000, length: 4 << 20};

/** The same of a page that is read back. */
const PAGE = {entries: 500, length: 4 << 20};

/** In which form admitted entries wait. */
export interface SpoolForm<Kept> {
  of(admitted: Admitted): Kept;
  /** One line. */
  write(kept: Kept): string;
  read(line: string): Kept;
}

/** Admitted entries on their way to the writer: a few in memory, a longer run in a temporary file. */
export class Spool<Kept> {
  private page: Kept[] = [];
  private length = 0;
  private folder: string | undefined;
  private file: FileHandle | undefined;

  constructor(private readonly form: SpoolForm<Kept>) {}

  /** @param length of the entry as it was sent */
  async add(admitted: Admitted, length: number): Promise<void> {
    this.page.push(this.form.of(admitted));
    this.length += length;
    if (this.page.length >= AT_HAND.entries || this.length >= AT_HAND.length) await this.spill();
  }

  /** Every entry, where all of them are in memory. */
  get atHand(): readonly Kept[] | undefined {
    return this.folder === undefined ? this.page : undefined;
  }

  /** Every entry in the order it was added. */
  async *pages(): AsyncGenerator<readonly Kept[]> {
    if (this.folder) yield* this.spilled(this.folder);
    if (this.page.length > 0) yield this.page;
  }

  /** Frees the memory and the file. */
  async close(): Promise<void> {
    this.page = [];
    await this.file?.close();
    if (this.folder) await rm(this.folder, {recursive: true, force: true});
  }

  private async spill(): Promise<void> {
    this.folder ??= await mkdtemp(join(tmpdir(), 'audit-batch-'));
    this.file ??= await open(fileIn(this.folder), 'wx', 0o600);
    const lines = this.page.map(kept => `${this.form.write(kept)}\n`);
    this.page = [];
    this.length = 0;
    await this.file.appendFile(lines.join(''));
  }

  private async *spilled(folder: string): AsyncGenerator<readonly Kept[]> {
    let page: Kept[] = [];
    let length = 0;
    for await (const {text} of readLines(createReadStream(fileIn(folder)), Infinity, Infinity)) {
      page.push(this.form.read(text));
      length += text.length;
      if (page.length === PAGE.entries || length >= PAGE.length) {
        yield page;
        page = [];
        length = 0;
      }
    }
    if (page.length > 0) yield page;
  }
}

const fileIn = (folder: string) => join(folder, 'entries.ndjson');
