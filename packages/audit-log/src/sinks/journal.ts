import {type FileHandle, mkdir, open, readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditSink, SinkEntry} from './audit-sink';

const SEGMENT = /^\d{12}\.ndjson$/;
/** Bytes after which a segment is closed and a new one begun. */
const SEGMENT_BYTES = 4 << 20;
/** Entries delivered at a time. */
const BATCH = 500;

export interface JournalOptions {
  /** Where the journal is kept; one process at a time may use it. */
  folder: string;
  /** Where the entries go from here. */
  target: AuditSink;
  /** Told of each delivery that failed, or segment that could not be read, and will be tried again. */
  onRetry?: (error: unknown, attempt: number) => void;
  /** Longest pause between two attempts, in milliseconds. */
  maxPauseMs?: number;
}

/**
 * A journal on the local disk: `deliver` resolves when the entries are flushed to it, and they go on to the
 * target in the background, in order, as often as it takes. What a crash has left is delivered by the next
 * journal on the same folder. The target may see an entry twice; its id tells.
 */
export class Journal implements AuditSink {
  readonly delivery = 'durable';
  private current: {name: string; file: FileHandle; bytes: number} | undefined;
  private appending: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();
  private arrived = new AbortController();
  private delivering: Promise<void> | undefined;
  private next = 0;

  constructor(private readonly options: JournalOptions) {}

  /** Opens the folder and begins to deliver what it holds. */
  async start(): Promise<void> {
    await mkdir(this.options.folder, {recursive: true});
    const last = (await this.segments()).at(-1);
    this.next = last === undefined ? 1 : Number.parseInt(last, 10) + 1;
    this.delivering = this.deliverAll();
  }

  /** Stops delivering; what is left stays in the folder. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.arrived.abort();
    await this.delivering;
    await this.appending.catch(() => {});
    await this.current?.file.close();
    this.current = undefined;
  }

  /** Appends and flushes. Concurrent callers take turns. */
  deliver(entries: readonly SinkEntry[]): Promise<void> {
    const text = entries.map(entry => `${JSON.stringify(entry)}\n`).join('');
    const appended = this.appending.catch(() => {}).then(() => this.append(text));
    this.appending = appended;
    return appended;
  }

  /** Resolves when everything that has been appended so far has been delivered. */
  async drained(): Promise<void> {
    await this.closeInTurn();
    while ((await this.segments()).length > 0) await sleep(20);
  }

  private async append(text: string): Promise<void> {
    this.current ??= await this.open();
    const {current} = this;
    try {
      await current.file.appendFile(text);
      await current.file.datasync();
    } catch (error) {
      // Half a line must not become the beginning of the next one; at the end of a segment it does no harm.
      await current.file.truncate(current.bytes).catch(() => this.close().catch(() => {}));
      throw error;
    }
    current.bytes += Buffer.byteLength(text);
    if (current.bytes >= SEGMENT_BYTES) await this.close();
    this.arrived.abort();
  }

  private async open() {
    const name = `${String(this.next).padStart(12, '0')}.ndjson`;
    this.next += 1;
    const file = await open(join(this.options.folder, name), 'ax', 0o600);
    return {name, file, bytes: 0};
  }

  private async close(): Promise<void> {
    const {current} = this;
    this.current = undefined;
    await current?.file.close();
    this.arrived.abort();
  }

  /** Closes the segment after what is being appended to it. */
  private closeInTurn(): Promise<void> {
    this.appending = this.appending.catch(() => {}).then(() => this.close());
    return this.appending;
  }

  private async segments(): Promise<string[]> {
    return (await readdir(this.options.folder)).filter(name => SEGMENT.test(name)).sort();
  }

  /** A disk that cannot be read at the moment is tried again, as a target is: the host lives on. */
  private async deliverAll(): Promise<void> {
    for (let attempt = 1; !this.stopping.signal.aborted; ) {
      try {
        await this.deliverOldest();
        attempt = 1;
      } catch (error) {
        this.options.onRetry?.(error, attempt);
        await this.pause(attempt);
        attempt += 1;
      }
    }
  }

  /** Delivers the oldest segment; where there is none, waits for a while. */
  private async deliverOldest(): Promise<void> {
    const [oldest] = await this.segments();
    if (oldest === undefined) {
      await sleep(1_000, undefined, {signal: this.arrived.signal}).catch(() => {});
      if (!this.stopping.signal.aborted) this.arrived = new AbortController();
      return;
    }
    if (oldest === this.current?.name) await this.closeInTurn();
    await this.deliverSegment(oldest);
  }

  /** Delivers a closed segment from where it stood, and removes it. */
  private async deliverSegment(name: string): Promise<void> {
    const path = join(this.options.folder, name);
    const lines = (await readFile(path, 'utf8')).split('\n');
    // What follows the last line feed was being written when the process died, and was never acknowledged.
    const entries = lines.slice(0, -1).map(line => JSON.parse(line) as SinkEntry);
    const progress = `${path}.delivered`;
    let done = Number(await readFile(progress, 'utf8').catch(() => '0'));
    for (let attempt = 1; done < entries.length; ) {
      if (this.stopping.signal.aborted) return;
      const batch = entries.slice(done, done + BATCH);
      try {
        await this.options.target.deliver(batch, {});
        done += batch.length;
        attempt = 1;
        if (done < entries.length) await writeWhole(progress, String(done));
      } catch (error) {
        this.options.onRetry?.(error, attempt);
        await this.pause(attempt);
        attempt += 1;
      }
    }
    await rm(path);
    for (const left of [progress, `${progress}.tmp`]) await rm(left, {force: true});
  }

  /** Doubling pauses with jitter. */
  private async pause(attempt: number): Promise<void> {
    const {maxPauseMs = 30_000} = this.options;
    const longest = Math.min(100 * 2 ** (attempt - 1), maxPauseMs);
    const signal = this.stopping.signal;
    await sleep(longest * (0.5 + Math.random() / 2), undefined, {signal}).catch(() => {});
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  await file.writeFile(text).finally(() => file.close());
  await rename(`${path}.tmp`, path);
}
