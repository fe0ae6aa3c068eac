import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {checkpointFolder, checkpointKey} from '../archive/archive-layout';
import type {ObjectStore} from '../archive/object-store';
import {AuditError} from '../errors';
import {openCheckpoint} from '../integrity/checkpoint';
import type {KeptNote} from '../repositories/history-guard';
import type {OpenOwnNote} from '../repositories/own-notes';
import {type CheckpointLog, tenantOfOrigin} from './checkpoint-log';

/** The newest note of a folder that is known. */
interface Newest {
  size: number;
  key: string;
  /** Once it was read, and the service found to have signed it, or that it may have. */
  believed?: (KeptNote & {tenantId: string}) | undefined;
}

/**
 * Checkpoints as objects, one for each note, which the store never overwrites. What is there is listed once; from then on
 * the newest of each tenant is known. What is forged is passed over for the one before it.
 */
export class CheckpointObjects implements CheckpointLog {
  private folders: Promise<Map<string, Newest>> | undefined;

  /**
   * @param serviceOrigin the name under which the service signs: notes of others are passed over
   * @param openOwn says which notes the service has signed, or may have
   * @param unread is told of a folder whose tenant cannot be told, for its notes cannot be read
   */
  constructor(
    private readonly store: ObjectStore,
    private readonly serviceOrigin: string,
    private readonly openOwn: OpenOwnNote,
    private readonly unread: (folder: string, error: unknown) => undefined,
  ) {}

  async newest(tenantId: string): Promise<KeptNote | undefined> {
    const kept = (await this.believed(checkpointFolder(tenantId)))?.believed;
    // Its key may have become known.
    if (kept && !kept.isKnown) kept.isKnown = (await this.openOwn(kept.note))?.verdict === 'valid';
    return kept;
  }

  async tenants(): Promise<readonly string[]> {
    const tenants: string[] = [];
    for (const folder of [...(await this.listed()).keys()]) {
      const newest = await this.believed(folder).catch(error => this.unread(folder, error));
      if (newest?.believed) tenants.push(newest.believed.tenantId);
    }
    return tenants;
  }

  async append(tenantId: string, note: string): Promise<void> {
    const folder = checkpointFolder(tenantId);
    const size = openCheckpoint(note, [])?.size ?? 0;
    if (size <= ((await this.believed(folder))?.size ?? 0)) return;
    const key = checkpointKey(tenantId, size);
    const added: Newest = {size, key, believed: {tenantId, note, isKnown: true}};
    try {
      await this.store.put(key, Readable.from([Buffer.from(note)]), {contentType: 'text/plain'});
    } catch (error) {
      // Another process has put the note of this size, or somebody else has: it is read when it is asked for.
      if (!(error instanceof AuditError && error.code === 'OBJECT_EXISTS')) throw error;
      added.believed = undefined;
    }
    (await this.listed()).set(folder, added);
  }

  /** The newest note of a folder that the service has signed, or may have. */
  private async believed(folder: string): Promise<Newest | undefined> {
    const folders = await this.listed();
    const known = folders.get(folder);
    if (!known || known.believed) return known;
    known.believed = await this.read(folder, known);
    if (known.believed) return known;
    for (const each of await this.notesIn(folder)) {
      each.believed = await this.read(folder, each);
      if (!each.believed) continue;
      folders.set(folder, each);
      return each;
    }
    folders.delete(folder);
    return undefined;
  }

  private async read(folder: string, {size, key}: Newest): Promise<Newest['believed']> {
    const note = await text(await this.store.get(key));
    const opened = await this.openOwn(note);
    const tenantId = opened && tenantOfOrigin(this.serviceOrigin, opened.origin);
    if (tenantId === undefined || opened?.size !== size || checkpointFolder(tenantId) !== folder)
      return undefined;
    return {tenantId, note, isKnown: opened.verdict === 'valid'};
  }

  private async notesIn(folder: string): Promise<Newest[]> {
    const notes: Newest[] = [];
    for await (const {key} of this.store.list(`${folder}/`)) {
      const size = placeOf(key)?.size;
      if (size !== undefined) notes.push({size, key});
    }
    return notes.sort((a, b) => b.size - a.size);
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
      const {folder, size} = placeOf(key) ?? {folder: '', size: 0};
      if (size > (newest.get(folder)?.size ?? 0)) newest.set(folder, {size, key});
    }
    return newest;
  }
}

function placeOf(key: string): {folder: string; size: number} | undefined {
  const [, folder, digits] = /^(.+)\/(\d+)\.note$/.exec(key) ?? [];
  return folder === undefined ? undefined : {folder, size: Number(digits)};
}
