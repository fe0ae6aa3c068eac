import {createReadStream} from 'node:fs';
import {type FileHandle, mkdtemp, open, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from './admit';
import {readLines} from './read-body';

/** Entries that wait in memory; also the size of a page. */
const PAGE = 500;

/** Admitted entries on their way to the writer: the first page in memory, a longer run in a temporary file. */
export class Spool {
  private page: Admitted[] = [];
  private folder: string | undefined;
  private file: FileHandle | undefined;

  async add(admitted: Admitted): Promise<void> {
    this.page.push(admitted);
    if (this.page.length === PAGE) await this.spill();
  }

  /** Every entry in the order it was added. */
  async *pages(): AsyncGenerator<readonly Admitted[]> {
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
    const lines = this.page.map(({chosen, ...rest}) => `${JSON.stringify({...rest, chosen: [...chosen]})}\n`);
    this.page = [];
    await this.file.appendFile(lines.join(''));
  }

  private async *spilled(folder: string): AsyncGenerator<readonly Admitted[]> {
    let page: Admitted[] = [];
    for await (const {text} of readLines(createReadStream(fileIn(folder)), Infinity, Infinity)) {
      const {chosen, ...rest} = JSON.parse(text) as Omit<Admitted, 'chosen'> & {chosen: (keyof AuditEntry)[]};
      page.push({...rest, chosen: new Set(chosen)});
      if (page.length === PAGE) {
        yield page;
        page = [];
      }
    }
  }
}

const fileIn = (folder: string) => join(folder, 'entries.ndjson');
