import {randomUUID} from 'node:crypto';
import {CreateBucketCommand, ListMultipartUploadsCommand, S3Client} from '@aws-sdk/client-s3';
import type {S3StoreOptions} from '../../dist/archive/s3-settings';

const endpoint = process.env.S3_TEST_ENDPOINT;

/**
 * Why tests with S3 are skipped here, or false when they run. Where CI is set they always run, and
 * fail when there is no server.
 */
export const S3_SKIPPED =
  endpoint || process.env.CI === 'true'
    ? false
    : 'needs a server: eval "$(scripts/start-s3.sh DIR)" sets S3_TEST_ENDPOINT and its keys';

/** A new, empty bucket on the test server. */
export class TestBucket {
  private constructor(
    readonly options: S3StoreOptions,
    readonly client: S3Client,
  ) {}

  static async create(): Promise<TestBucket> {
    if (!endpoint) throw new Error('S3_TEST_ENDPOINT is not set');
    const bucket = `test-${randomUUID()}`;
    const client = new S3Client({endpoint, forcePathStyle: true, region: 'us-east-1'});
    await client.send(new CreateBucketCommand({Bucket: bucket}));
    return new TestBucket({bucket, endpoint, forcePathStyle: true}, client);
  }

  /** Keys of the uploads that were begun and neither completed nor aborted. */
  async unfinishedUploads(): Promise<string[]> {
    const answer = await this.client.send(new ListMultipartUploadsCommand({Bucket: this.options.bucket}));
    return (answer.Uploads ?? []).map(upload => upload.Key ?? '');
  }
}
