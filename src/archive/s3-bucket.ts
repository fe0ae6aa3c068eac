import type {HeadObjectCommandOutput, S3Client} from '@aws-sdk/client-s3';
import {clientConfig, type S3StoreOptions} from './s3-settings';

/** The AWS SDK is large: it is loaded with the first request and not with this file. */
const loadSdk = async () => ({
  ...(await import('@aws-sdk/client-s3')),
  Upload: (await import('@aws-sdk/lib-storage')).Upload,
});

/** A readiness probe waits a few seconds at most, repetitions included. */
const CHECK_LIMIT_MS = 3_000;

/** HTTP status of an answer that was a refusal. */
export const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && '$metadata' in error
    ? (error.$metadata as {httpStatusCode?: number}).httpStatusCode
    : undefined;

/** One bucket, or the part of it below a prefix, and the client that reaches it. */
export class S3Bucket {
  private constructor(
    readonly sdk: Awaited<ReturnType<typeof loadSdk>>,
    readonly client: S3Client,
    readonly name: string,
    /** Empty, or ends with a slash. */
    readonly prefix: string,
  ) {}

  static async open(options: S3StoreOptions): Promise<S3Bucket> {
    const sdk = await loadSdk();
    const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
    return new S3Bucket(sdk, new sdk.S3Client(clientConfig(options)), options.bucket, prefix && `${prefix}/`);
  }

  /** Bucket and full key of an object, as every command names it. */
  at(key: string): {Bucket: string; Key: string} {
    return {Bucket: this.name, Key: this.prefix + key};
  }

  /** What the bucket says of an object, or undefined when there is none, or no such bucket. */
  async head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.client.send(new this.sdk.HeadObjectCommand(this.at(key)));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Rejects unless the bucket exists, may be used, and says so in time. */
  async check(): Promise<void> {
    const abortSignal = AbortSignal.timeout(CHECK_LIMIT_MS);
    await this.client.send(new this.sdk.HeadBucketCommand({Bucket: this.name}), {abortSignal});
  }
}
