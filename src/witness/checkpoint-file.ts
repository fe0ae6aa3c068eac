import {type FileHandle, open, stat} from 'node:fs/promises';
import {type FiledNote, filed, notesOf} from '../integrity/note-file';
import type {KeptNote} from '../repositories/history-guard';
import type {OpenOwnNote} from '../repositories/own-notes';
import type {CheckpointLog} from './checkpoint-log';
import {tenantOfOrigin} from './checkpoint-log';

const CHUNK_BYTES = 64 << 10;

/**
 * Checkpoints in one file, one signed note after another with empty lines between. It is appended to and flushed to the
 * disk; several processes may do so, and each reads what the others have added. Of what is in it the newest note of each
 * tenant that the service has signed, or may have, is held in memory. Where the file was moved away another one is begun; what was in
 * it is not forgotten.
 */
export class CheckpointFile implements CheckpointLog {
  private readonly notes = new Map<string, KeptNote & {size: number}>();
  private file: FileHandle | undefined;
  private position = 0;
  private rest = '';
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * @param serviceOrigin the name under which the service signs: notes of others are passed over
   * @param openOwn says which notes the service has signed, or may have
   */
  constructor(
    private readonly path: string,
    private readonly serviceOrigin: string,
    private readonly openOwn: OpenOwnNote,
  ) {}

  async newest(tenantId: string): Promise<KeptNote | undefined> {
    return this.inTurn(async () => {
      await this.readOn();
      const kept = this.notes.get(tenantId);
      // Its key may have become known.
      if (kept && !kept.isKnown) kept.isKnown = (await this.openOwn(kept.note))?.verdict === 'valid';
      return kept;
    });
  }

  async tenants(): Promise<readonly string[]> {
    await this.inTurn(() => this.readOn());
    return [...this.notes.keys()];
  }

  async append(tenantId: string, note: string): Promise<void> {
    const [given] = notesOf(filed(note));
    await this.inTurn(async () => {
      const file = await this.readOn();
      if (!given || given.size <= this.sizeOf(tenantId)) return;
      await file.appendFile(filed(note));
      await file.sync();
    });
  }

  private sizeOf(tenantId: string): number {
    return this.notes.get(tenantId)?.size ?? 0;
  }

  /** Reads what has come since, and answers the file. */
  private async readOn(): Promise<FileHandle> {
    const file = await this.opened();
    const decoder = new TextDecoder();
    for (;;) {
      const {bytesRead, buffer} = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, this.position);
      if (bytesRead === 0) return file;
      // Up to the last whole line: a character, or a note, may be cut in two here.
      const end = buffer.lastIndexOf('\n\n', bytesRead - 1) + 1;
      const whole = end > 0 && end < bytesRead ? end : bytesRead;
      await this.take(decoder.decode(buffer.subarray(0, whole)));
      this.position += whole;
    }
  }

  private async take(text: string): Promise<void> {
    const all = this.rest + text;
    // The largest first, so that few are verified; of one size the earliest, for it stands.
    for (const each of notesOf(all).sort((a, b) => b.size - a.size)) await this.believe(each);
    // The longest note that may have begun: what is read twice changes nothing.
    this.rest = all.slice(-MAX_NOTE);
  }

  private async believe({origin, size, note}: FiledNote): Promise<void> {
    const tenantId = tenantOfOrigin(this.serviceOrigin, origin);
    if (tenantId === undefined || size <= this.sizeOf(tenantId)) return;
    const opened = await this.openOwn(note);
    if (opened) this.notes.set(tenantId, {size, note, isKnown: opened.verdict === 'valid'});
  }

  /** The file that the path names now: a log that was moved away is not written to any more. */
  private async opened(): Promise<FileHandle> {
    if (this.file && (await isAt(this.file, this.path, this.position))) return this.file;
    await this.release();
    this.file = await open(this.path, 'a+', 0o640);
    return this.file;
  }

  private async release(): Promise<void> {
    const {file} = this;
    this.file = undefined;
    this.position = 0;
    this.rest = '';
    await file?.close();
  }

  /** One after another, for the position is shared. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.inTurn(() => this.release());
  }
}

/** Characters of a note at most, far beyond what one has. */
const MAX_NOTE = 16 << 10;

/** Whether a path names the open file still, and it holds what was read of it. */
async function isAt(file: FileHandle, path: string, position: number): Promise<boolean> {
  const [held, named] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return named !== undefined && held.ino === named.ino && held.dev === named.dev && named.size >= position;
}
