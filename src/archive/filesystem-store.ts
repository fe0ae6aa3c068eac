import {type FileHandle, mkdir, open, stat, unlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {Readable} from 'node:stream';
import {faultCode, syncFolder, walkFiles} from './filesystem-folder';
import {guardedStream} from './guarded-stream';
import {incomingPath, publish, removeAbandoned, writeFile} from './incoming-file';
import {MeasuredBody} from './measured-body';
import {assertKeyPrefix, assertObjectKey} from './object-key';
import type {ListedObject, ObjectHead, ObjectStore, PutOptions, StoredObject} from './object-store';
import {objectNotFound, storeFailure} from './store-failure';

/**
 * Objects as files below a folder of a POSIX file system with hard links. A body is written to a
 * nameless place, flushed to the disk and then linked to its name, which link(2) refuses when the name
 * is taken; so a file under a key is always whole. Content type and metadata have no place and are
 * dropped.
 *
 * The folder is made at first use. When it vanishes later every operation fails until it is back.
 */
export class FilesystemStore implements ObjectStore {
  #ready: Promise<void> | undefined;

  constructor(private readonly root: string) {}

  async put(key: string, body: AsyncIterable<Uint8Array>, _options: PutOptions): Promise<StoredObject> {
    const measured = new MeasuredBody(body);
    try {
      assertObjectKey(key);
      return await this.#attempt(`store "${key}"`, () => this.#put(key, measured));
    } catch (error) {
      await measured.discard();
      throw measured.failure === undefined ? error : measured.failure.error;
    }
  }

  async get(key: string): Promise<Readable> {
    assertObjectKey(key);
    const doing = `read "${key}"`;
    return this.#attempt(doing, async () => {
      const file = await this.#openObject(key);
      return guardedStream(file.createReadStream(), doing);
    });
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    assertObjectKey(key);
    return this.#attempt(`look up "${key}"`, () => this.#head(key));
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    assertKeyPrefix(prefix);
    const folder = prefix.includes('/') ? dirname(`${prefix}.`) : '';
    try {
      await this.#open();
      for await (const key of walkFiles(this.root, folder)) {
        const head = key.startsWith(prefix) ? await this.#head(key) : undefined;
        if (head !== undefined) yield {key, bytes: head.bytes};
      }
    } catch (error) {
      throw storeFailure(`list "${prefix}"`, error);
    }
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#attempt(`delete "${key}"`, async () => {
      if ((await this.#head(key)) === undefined) return;
      await unlink(join(this.root, key));
      await syncFolder(dirname(join(this.root, key)));
    });
  }

  async check(): Promise<void> {
    await this.#attempt('be written to', async () => {
      const probe = await incomingPath(this.root);
      const file = await open(probe, 'wx+', 0o600);
      try {
        await file.write('x');
        await file.read(Buffer.alloc(1), 0, 1, 0);
      } finally {
        await file.close();
        await unlink(probe);
      }
    });
  }

  async #put(key: string, body: MeasuredBody): Promise<StoredObject> {
    const incoming = await incomingPath(this.root);
    try {
      await writeFile(incoming, body.chunks());
      await publish(incoming, this.root, key);
    } finally {
      await unlink(incoming).catch(() => {});
    }
    return {key, bytes: body.bytes, sha256: body.sha256()};
  }

  async #openObject(key: string): Promise<FileHandle> {
    const file = await open(join(this.root, key), 'r').catch(async (error: unknown) => {
      throw (await this.#isMissing(error)) ? objectNotFound(key) : error;
    });
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw objectNotFound(key);
  }

  async #head(key: string): Promise<ObjectHead | undefined> {
    try {
      const file = await stat(join(this.root, key));
      return file.isFile() ? {bytes: file.size, modifiedAt: file.mtime} : undefined;
    } catch (error) {
      if (await this.#isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Whether a fault says that an object is not there, rather than the whole store. */
  async #isMissing(error: unknown): Promise<boolean> {
    if (faultCode(error) !== 'ENOENT' && faultCode(error) !== 'ENOTDIR') return false;
    await stat(this.root);
    return true;
  }

  /** Makes the folder once in the life of the store; afterwards it must be there. */
  async #open(): Promise<void> {
    this.#ready ??= mkdir(this.root, {recursive: true, mode: 0o700}).then(() => removeAbandoned(this.root));
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
    await stat(this.root);
  }

  async #attempt<Answer>(doing: string, operation: () => Promise<Answer>): Promise<Answer> {
    try {
      await this.#open();
      return await operation();
    } catch (error) {
      throw storeFailure(doing, error);
    }
  }
}
