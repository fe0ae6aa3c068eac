import {createHash} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {AuditError} from '../errors';
import {type S3Bucket, statusOf} from './s3-bucket';
import {objectExists} from './store-failure';

/** A claim is held for seconds. An older one belonged to a process that ended. */
const STALE_AFTER_MS = 10 * 60 * 1000;
const WAIT_MS = 60 * 1000;
const RETRY_MS = 250;

async function isStale(bucket: S3Bucket, claim: string): Promise<boolean> {
  const modified = (await bucket.head(claim))?.LastModified;
  return modified !== undefined && Date.now() - modified.getTime() > STALE_AFTER_MS;
}

async function tryClaim(bucket: S3Bucket, claim: string): Promise<boolean> {
  try {
    await bucket.client.send(
      new bucket.sdk.PutObjectCommand({...bucket.at(claim), Body: Buffer.alloc(0), IfNoneMatch: '*'}),
    );
    return true;
  } catch (error) {
    if (statusOf(error) === 412 || statusOf(error) === 409) return false;
    throw error;
  }
}

async function waitForClaim(bucket: S3Bucket, claim: string, key: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await tryClaim(bucket, claim))) {
    if (await isStale(bucket, claim)) {
      await bucket.client.send(new bucket.sdk.DeleteObjectCommand(bucket.at(claim)));
    } else if (Date.now() > deadline) {
      const message = `The object "${key}" is being published by another writer. Try again later.`;
      throw new AuditError('STORE_FAILED', message);
    } else {
      await delay(RETRY_MS);
    }
  }
}

async function holdingClaim<Answer>(
  bucket: S3Bucket,
  key: string,
  complete: () => Promise<Answer>,
): Promise<Answer> {
  const claim = `.publishing/${createHash('sha256').update(key).digest('hex')}`;
  await waitForClaim(bucket, claim, key);
  try {
    if ((await bucket.head(key)) !== undefined) throw objectExists(key);
    return await complete();
  } finally {
    await bucket.client.send(new bucket.sdk.DeleteObjectCommand(bucket.at(claim))).catch(() => {});
  }
}

/**
 * Makes a bucket's client complete a multipart upload only while its key is free; it throws OBJECT_EXISTS
 * otherwise.
 *
 * AWS and others do that by themselves with `If-None-Match: *` at CompleteMultipartUpload, but Ceph 16
 * was seen to ignore the condition there and overwrite, while it heeds it at PutObject. So the right
 * to complete is a small object, `.publishing/…`, put on that condition and removed afterwards: of
 * several uploads of one key one completes. What remains, on such a server, is an upload in one piece
 * that lands on the same key in the milliseconds between look and completion.
 */
export function publishOnce(bucket: S3Bucket): S3Bucket {
  bucket.client.middlewareStack.add(
    (next, context) => args => {
      const {Key} = args.input as {Key?: string};
      if (context.commandName !== 'CompleteMultipartUploadCommand' || Key === undefined) return next(args);
      return holdingClaim(bucket, Key.slice(bucket.prefix.length), () => next(args));
    },
    {step: 'initialize', name: 'publishOnce'},
  );
  return bucket;
}
