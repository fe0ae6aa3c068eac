import {randomUUID} from 'node:crypto';
import {Readable} from 'node:stream';
import type {MeasuredBody} from './measured-body';
import type {PutOptions} from './object-store';
import {type S3Bucket, statusOf} from './s3-bucket';
import {objectExists} from './store-failure';

/** Two parts of 8 MiB are on their way at a time; 10,000 parts bound an object at 78 GiB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_A_TIME = 2;
/** Metadata that tells our own object from another writer's. */
const PUT_ID = 'put-id';

/**
 * Uploads a body to a free key, in parts when it is larger than one part, and answers its version. A
 * failed upload leaves no parts behind unless the process ends or the store goes away: for that a
 * bucket wants a lifecycle rule AbortIncompleteMultipartUpload.
 */
export async function uploadOnce(
  bucket: S3Bucket,
  key: string,
  body: MeasuredBody,
  options: PutOptions,
): Promise<string | undefined> {
  const putId = randomUUID();
  const upload = new bucket.sdk.Upload({
    client: bucket.client,
    params: {
      ...bucket.at(key),
      Body: Readable.from(body.chunks(), {objectMode: false}),
      ContentType: options.contentType,
      Metadata: {...options.metadata, [PUT_ID]: putId},
      IfNoneMatch: '*',
    },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_A_TIME,
    leavePartsOnError: false,
  });
  try {
    return (await upload.done()).VersionId;
  } catch (error) {
    if (!body.complete) throw error;
    // The store may have done it and its answer been lost, so that a repetition met our own object.
    const found = await bucket.head(key);
    if (found?.Metadata?.[PUT_ID] === putId) return found.VersionId;
    if (found !== undefined && [409, 412].includes(statusOf(error) ?? 0)) throw objectExists(key);
    throw error;
  }
}
