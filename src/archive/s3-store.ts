import {Readable} from 'node:stream';
import {guardedStream} from './guarded-stream';
import {MeasuredBody} from './measured-body';
import {assertKeyPrefix, assertObjectKey} from './object-key';
import type {ListedObject, ObjectHead, ObjectStore, PutOptions, StoredObject} from './object-store';
import {S3Bucket} from './s3-bucket';
import {publishOnce} from './s3-publish-claim';
import type {S3StoreOptions} from './s3-settings';
import {uploadOnce} from './s3-upload';
import {objectNotFound, storeFailure} from './store-failure';

/**
 * Objects in a bucket of S3 or of a server that speaks its protocol. The server must heed
 * `If-None-Match: *` at PutObject, as AWS, MinIO and Ceph do.
 *
 * Needs s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket. In a
 * bucket with versions a deleted object stays as an older version.
 */
export class S3Store implements ObjectStore {
  #opened: Promise<S3Bucket> | undefined;

  constructor(private readonly options: S3StoreOptions) {}

  async put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
    const measured = new MeasuredBody(body);
    try {
      assertObjectKey(key);
      const version = await this.#attempt(`store "${key}"`, bucket =>
        uploadOnce(bucket, key, measured, options),
      );
      const {bytes} = measured;
      return {key, bytes, sha256: measured.sha256(), ...(version !== undefined && {version})};
    } catch (error) {
      await measured.discard();
      throw measured.failure === undefined ? error : measured.failure.error;
    }
  }

  async get(key: string): Promise<Readable> {
    assertObjectKey(key);
    const doing = `read "${key}"`;
    return this.#attempt(doing, async bucket => {
      try {
        const {Body} = await bucket.client.send(new bucket.sdk.GetObjectCommand(bucket.at(key)));
        if (Body instanceof Readable) return guardedStream(Body, doing);
      } catch (error) {
        throw error instanceof bucket.sdk.NoSuchKey ? objectNotFound(key) : error;
      }
      throw new TypeError('The answer has no body');
    });
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    assertObjectKey(key);
    return this.#attempt(`look up "${key}"`, async bucket => {
      const head = await bucket.head(key);
      if (head !== undefined) {
        return {bytes: head.ContentLength ?? 0, modifiedAt: head.LastModified ?? new Date(0)};
      }
      // A missing bucket answers like a missing object.
      await bucket.check();
      return undefined;
    });
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    assertKeyPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#attempt(`list "${prefix}"`, bucket => this.#page(bucket, prefix, token));
      yield* page.objects;
      token = page.next;
    } while (token !== undefined);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#attempt(`delete "${key}"`, async bucket => {
      try {
        await bucket.client.send(new bucket.sdk.DeleteObjectCommand(bucket.at(key)));
      } catch (error) {
        if (!(error instanceof bucket.sdk.NoSuchKey)) throw error;
      }
    });
  }

  async check(): Promise<void> {
    await this.#attempt('be reached', bucket => bucket.check());
  }

  async close(): Promise<void> {
    (await this.#opened)?.client.destroy();
  }

  async #page(bucket: S3Bucket, prefix: string, token: string | undefined) {
    const answer = await bucket.client.send(
      new bucket.sdk.ListObjectsV2Command({
        Bucket: bucket.name,
        Prefix: bucket.prefix + prefix,
        MaxKeys: this.options.listPageSize ?? 1000,
        ...(token !== undefined && {ContinuationToken: token}),
      }),
    );
    const objects = (answer.Contents ?? [])
      .map(object => ({
        key: (object.Key ?? '').slice(bucket.prefix.length),
        bytes: object.Size ?? 0,
      }))
      .filter(object => !object.key.startsWith('.'));
    return {objects, next: answer.IsTruncated ? answer.NextContinuationToken : undefined};
  }

  async #attempt<Answer>(doing: string, operation: (bucket: S3Bucket) => Promise<Answer>): Promise<Answer> {
    try {
      this.#opened ??= S3Bucket.open(this.options).then(publishOnce);
      return await operation(await this.#opened);
    } catch (error) {
      throw storeFailure(doing, error);
    }
  }
}
