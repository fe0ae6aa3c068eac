import {describe} from 'node:test';
import {S3Store} from '../../dist/archive/s3-store';
import {archiveContract} from './archive.contract';
import {S3_SKIPPED, TestBucket} from './s3-server';

describe('archives in S3', {skip: S3_SKIPPED}, () => {
  archiveContract(async () => {
    const bucket = await TestBucket.create();
    bucket.client.destroy();
    const store = new S3Store(bucket.options);
    return {store, close: () => store.close()};
  });
});
