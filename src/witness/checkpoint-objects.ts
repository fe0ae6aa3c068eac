import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {checkpointFolder, checkpointKey} from '../archive/archive-layout';
import type {ObjectStore} from '../archive/object-store';
import {AuditError} from '../errors';
import {openCheckpoint} from '../integrity/checkpoint';
import {type CheckpointLog, tenantOfOrigin} from './checkpoint-log';

interface Newest {
  size: number;
  key: string;
  /** Once it has been read. */
  note?: string;
}

/**
 * Checkpoints as objects, one for each note, which the store never overwrites. What is there is listed once; from then on
 * the newest of each tenant is known.
 */
export class CheckpointObjects implements CheckpointLog {
  private folders: Promise<Map<string, Newest>> | undefined;

  /** @param serviceOrigin the name under which the service signs: notes of others are passed over */
  constructor(
    private readonly store: ObjectStore,
    private readonly serviceOrigin: string,
  ) {}

  async newest(tenantId: string): Promise<string | undefined> {
    const known = (await this.listed()).get(checkpointFolder(tenantId));
    return known && this.read(known);
  }

  async tenants(): Promise<readonly string[]> {
    const tenants: string[] = [];
    for (const known of (await this.listed()).values()) {
      const origin = openCheckpoint(await this.read(known), [])?.origin ?? '';
      const tenantId = tenantOfOrigin(this.serviceOrigin, origin);
      if (tenantId !== undefined) tenants.push(tenantId);
    }
    return tenants;
  }

  async append(tenantId: string, note: string): Promise<void> {
    const folders = await this.listed();
    const folder = checkpointFolder(tenantId);
    const size = openCheckpoint(note, [])?.size ?? 0;
    if (size <= (folders.get(folder)?.size ?? 0)) return;
    const key = checkpointKey(tenantId, size);
    try {
      await this.store.put(key, Readable.from([Buffer.from(note)]), {contentType: 'text/plain'});
    } catch (error) {
      // Another process has put the note of this size.
      if (!(error instanceof AuditError && error.code === 'OBJECT_EXISTS')) throw error;
    }
    folders.set(folder, {size, key});
  }

  private async read(known: Newest): Promise<string> {
    known.note ??= await text(await this.store.get(known.key));
    return known.note;
  }

  private listed(): Promise<Map<string, Newest>> {
    this.folders ??= this.list();
    this.folders.catch(() => {
      this.folders = undefined;
    });
    return this.folders;
  }

  private async list(): Promise<Map<string, Newest>> {
    const newest = new Map<string, Newest>();
    for await (const {key} of this.store.list('checkpoints/')) {
      const [, folder = '', digits = ''] = /^(.+)\/(\d+)\.note$/.exec(key) ?? [];
      const size = Number(digits);
      if (size > (newest.get(folder)?.size ?? 0)) newest.set(folder, {size, key});
    }
    return newest;
  }
}
