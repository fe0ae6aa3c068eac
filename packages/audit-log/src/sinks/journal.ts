import {type FileHandle, open, readFile, rename} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditSink, SinkEntry} from './audit-sink';
import {deliverAcceptable} from './deliver-acceptable';
import {restOf} from './failure';
import {besides, JournalFolder} from './journal-folder';
import {type LaidAside, layAside, REJECTED_FILE} from './journal-rejected';

/** Bytes after which a segment is closed and a new one begun. */
const SEGMENT_BYTES = 4 << 20;
/** Entries delivered at a time. */
const BATCH = 500;

export interface JournalOptions {
  /** Where the journal is kept. Journals of several processes may share it; each delivers what it was given. */
  folder: string;
  /** Where the entries go from here. */
  target: AuditSink;
  /** Told of each delivery that failed, or segment that could not be read, and will be tried again. */
  onRetry?: (error: unknown, attempt: number) => void;
  /** Longest pause between two attempts, in milliseconds; longer only where the target asks for it. */
  maxPauseMs?: number;
}

/**
 * A journal on the local disk: `deliver` resolves when the entries are flushed to it, and they go on to the
 * target in the background, in order, as often as it takes. What a crash has left is delivered by any journal on
 * the same folder, some seconds later. The target may see an entry twice; its id tells.
 *
 * What the target refuses, and lines that are damaged, are laid aside in `rejected.ndjson` and told by
 * `deliveryFailures`. The journal does not keep the process from ending.
 */
export class Journal implements AuditSink {
  readonly delivery = 'durable';
  readonly deliveries = ['required', 'durable', 'background'] as const;
  private readonly folder: JournalFolder;
  private current: {name: string; file: FileHandle; bytes: number} | undefined;
  private appending: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();
  private arrived = new AbortController();
  private started: Promise<void> | undefined;
  private delivering: Promise<void> | undefined;

  constructor(private readonly options: JournalOptions) {
    this.folder = new JournalFolder(options.folder);
  }

  /**
   * Opens the folder and begins to deliver what it holds. The first `deliver` does so by itself; at the start of
   * the host it is for what a crash has left.
   */
  start(): Promise<void> {
    this.started ??= this.open().catch(error => {
      this.started = undefined;
      throw error;
    });
    return this.started;
  }

  /** Stops delivering; what is left stays in the folder, and so does what is given to it afterwards. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.arrived.abort();
    await this.started?.catch(() => {});
    await this.delivering;
    await this.closeInTurn().catch(() => {});
    // Where that fails the segments are let go of when they have been silent for a while.
    await this.folder.release().catch(() => {});
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
    while ((await this.folder.within()).length > 0) await sleep(20);
  }

  private async open(): Promise<void> {
    await this.folder.open();
    this.delivering = this.deliverAll();
  }

  private async append(text: string): Promise<void> {
    await this.start();
    for (;;) {
      const current = await this.segment();
      try {
        await current.file.appendFile(text);
        await current.file.datasync();
      } catch (error) {
        // Half a line must not become the beginning of the next one; at the end of a segment it does no harm.
        await current.file.truncate(current.bytes).catch(() => this.close().catch(() => {}));
        throw error;
      }
      current.bytes += Buffer.byteLength(text);
      // Another journal that took this one for dead may have read the segment before the text was there.
      if (await this.folder.has(current.name)) break;
      await this.close();
    }
    if ((this.current?.bytes ?? 0) >= SEGMENT_BYTES) await this.close();
    this.arrived.abort();
  }

  private async segment() {
    this.current ??= {...(await this.folder.create()), bytes: 0};
    return this.current;
  }

  private async close(): Promise<void> {
    const {current} = this;
    this.current = undefined;
    await current?.file.close();
    this.arrived.abort();
  }

  /** Closes the segment, or only that of a name, after what is being appended, which may have begun it just now. */
  private closeInTurn(name?: string): Promise<void> {
    this.appending = this.appending
      .catch(() => {})
      .then(() => (name === undefined || name === this.current?.name ? this.close() : undefined));
    return this.appending;
  }

  /** A disk that cannot be read at the moment is tried again, as a target is: the host lives on. */
  private async deliverAll(): Promise<void> {
    for (let attempt = 1; !this.stopping.signal.aborted; ) {
      try {
        await this.deliverOldest();
        attempt = 1;
      } catch (error) {
        await this.failed(error, attempt);
        attempt += 1;
      }
    }
  }

  /** Delivers the oldest segment; where there is none, waits for a while. */
  private async deliverOldest(): Promise<void> {
    const oldest = await this.folder.takeOldest();
    if (oldest === undefined) {
      await sleep(1_000, undefined, {signal: this.arrived.signal, ref: false}).catch(() => {});
      if (!this.stopping.signal.aborted) this.arrived = new AbortController();
      return;
    }
    await this.closeInTurn(oldest);
    await this.deliverSegment(oldest);
  }

  /** Delivers a closed segment from where it stood, and removes it. */
  private async deliverSegment(name: string): Promise<void> {
    const text = await readFile(this.folder.pathOf(name), 'utf8');
    // What follows the last line feed was being written when the process died, and was never acknowledged.
    const lines = text.split('\n').slice(0, -1);
    const [delivered] = besides(name);
    const progress = this.folder.pathOf(delivered);
    let done = Number(await readFile(progress, 'utf8').catch(() => '0'));
    for (let attempt = 1; done < lines.length; ) {
      if (this.stopping.signal.aborted) return;
      const batch = lines.slice(done, done + BATCH);
      try {
        await this.deliverLines(batch);
        done += batch.length;
        attempt = 1;
        if (done < lines.length) await writeWhole(progress, String(done));
      } catch (error) {
        await this.failed(error, attempt);
        attempt += 1;
      }
    }
    await this.folder.remove(name);
  }

  private async deliverLines(lines: readonly string[]): Promise<void> {
    const aside: LaidAside[] = [];
    const entries: SinkEntry[] = [];
    for (const line of lines) {
      const entry = entryOf(line);
      if (entry) entries.push(entry);
      else aside.push({line, error: new Error('A line of the journal is damaged, and was laid aside.')});
    }
    const refused = await deliverAcceptable(this.options.target, entries);
    aside.push(...refused.map(({entry, error}) => ({entry, error})));
    await layAside(this.folder.pathOf(REJECTED_FILE), aside);
  }

  /** Doubling pauses with jitter, and as long as the target asks for. */
  private async failed(error: unknown, attempt: number): Promise<void> {
    const {maxPauseMs = 30_000, onRetry} = this.options;
    onRetry?.(error, attempt);
    const longest = Math.min(100 * 2 ** (attempt - 1), maxPauseMs);
    const ms = Math.max(longest * (0.5 + Math.random() / 2), restOf(error));
    await sleep(ms, undefined, {signal: this.stopping.signal, ref: false}).catch(() => {});
  }
}

/** The entry of a line; undefined where there is none to be read. */
function entryOf(line: string): SinkEntry | undefined {
  try {
    const entry = JSON.parse(line) as SinkEntry | null;
    return typeof entry?.id === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  await file.writeFile(text).finally(() => file.close());
  await rename(`${path}.tmp`, path);
}
