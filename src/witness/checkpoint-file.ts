import {type FileHandle, open} from 'node:fs/promises';
import {filed, notesOf} from '../integrity/note-file';
import type {CheckpointLog} from './checkpoint-log';
import {tenantOfOrigin} from './checkpoint-log';

const CHUNK_BYTES = 64 << 10;

/**
 * Checkpoints in one file, one signed note after another with empty lines between. It is appended to and flushed to the
 * disk; several processes may do so, and each reads what the others have added. Of what is in it the newest note of each
 * tenant is held in memory.
 */
export class CheckpointFile implements CheckpointLog {
  private readonly notes = new Map<string, {size: number; note: string}>();
  private file: Promise<FileHandle> | undefined;
  private position = 0;
  private rest = '';
  private turn: Promise<unknown> = Promise.resolve();

  /** @param serviceOrigin the name under which the service signs: notes of others are passed over */
  constructor(
    private readonly path: string,
    private readonly serviceOrigin: string,
  ) {}

  async newest(tenantId: string): Promise<string | undefined> {
    await this.inTurn(() => this.readOn());
    return this.notes.get(tenantId)?.note;
  }

  async tenants(): Promise<readonly string[]> {
    await this.inTurn(() => this.readOn());
    return [...this.notes.keys()];
  }

  async append(tenantId: string, note: string): Promise<void> {
    const [given] = notesOf(filed(note));
    await this.inTurn(async () => {
      await this.readOn();
      if (!given || given.size <= (this.notes.get(tenantId)?.size ?? 0)) return;
      const file = await this.opened();
      await file.appendFile(filed(note));
      await file.sync();
    });
  }

  private async readOn(): Promise<void> {
    const file = await this.opened();
    const decoder = new TextDecoder();
    for (;;) {
      const {bytesRead, buffer} = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, this.position);
      if (bytesRead === 0) return;
      // Up to the last whole line: a character, or a note, may be cut in two here.
      const end = buffer.lastIndexOf('\n\n', bytesRead - 1) + 1;
      const whole = end > 0 && end < bytesRead ? end : bytesRead;
      this.position += whole;
      this.take(decoder.decode(buffer.subarray(0, whole)));
    }
  }

  private take(text: string): void {
    const all = this.rest + text;
    for (const {origin, size, note} of notesOf(all)) {
      const tenantId = tenantOfOrigin(this.serviceOrigin, origin);
      if (tenantId === undefined || size < (this.notes.get(tenantId)?.size ?? 0)) continue;
      this.notes.set(tenantId, {size, note});
    }
    // The longest note that may have begun: what is read twice changes nothing.
    this.rest = all.slice(-MAX_NOTE);
  }

  private opened(): Promise<FileHandle> {
    this.file ??= open(this.path, 'a+', 0o640);
    this.file.catch(() => {
      this.file = undefined;
    });
    return this.file;
  }

  /** One after another, for the position is shared. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    await this.inTurn(async () => (await this.file)?.close());
    this.file = undefined;
  }
}

/** Characters of a note at most, far beyond what one has. */
const MAX_NOTE = 16 << 10;
