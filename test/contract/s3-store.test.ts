import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {after, before, describe, it} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import {inspect} from 'node:util';
import {DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand} from '@aws-sdk/client-s3';
import {S3Store} from '../../dist/archive/s3-store';
import {bodyOf, digestOf} from './bodies';
import {closedPort, forwardedPort, silentPort} from './local-port';
import {objectStoreContract} from './object-store.contract';
import {S3_SKIPPED, TestBucket} from './s3-server';

const OPTIONS = {contentType: 'application/octet-stream'};
const CREDENTIALS = {accessKeyId: 'someone-known', secretAccessKey: 'something-secret'};

/** Idle sockets of a pool are counted as well, so this is to be compared and not to be zero. */
const openSockets = () => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length;

const noSecret = (code: string) => (error: unknown) => {
  assert.equal((error as {code?: unknown}).code, code);
  const told = inspect(error, {depth: 10, showHidden: true});
  assert.doesNotMatch(told, /someone-known|something-secret/);
  return true;
};

describe('S3Store', {skip: S3_SKIPPED}, () => {
  let bucket: TestBucket;
  before(async () => {
    bucket = await TestBucket.create();
  });
  after(() => bucket?.client.destroy());

  objectStoreContract(async () => {
    const store = new S3Store({...bucket.options, prefix: '/audit/test/', listPageSize: 7});
    return {
      store,
      remains: () => bucket.unfinishedUploads(),
      openReaders: async () => openSockets(),
      close: () => store.close(),
    };
  }, 30);

  it('keeps to its prefix, and leaves no claim behind', async () => {
    const {Contents = []} = await bucket.client.send(
      new ListObjectsV2Command({Bucket: bucket.options.bucket}),
    );
    assert.ok(Contents.length > 0);
    for (const {Key = ''} of Contents) assert.match(Key, /^audit\/test\/[^.]/);
  });

  describe('publishing', () => {
    const prefix = 'claimed';
    const large = 9 * 1024 * 1024;
    const claimOf = (key: string) => ({
      Bucket: bucket.options.bucket,
      Key: `${prefix}/.publishing/${createHash('sha256').update(key).digest('hex')}`,
    });
    const claim = (key: string) =>
      bucket.client.send(new PutObjectCommand({...claimOf(key), Body: Buffer.alloc(0)}));

    it('waits for the writer that is publishing the same key', async () => {
      const store = new S3Store({...bucket.options, prefix});
      await claim('busy');
      const put = store.put('busy', bodyOf(large), OPTIONS);
      await delay(1500);
      assert.equal(await store.head('busy'), undefined);
      await bucket.client.send(new DeleteObjectCommand(claimOf('busy')));
      assert.equal((await put).bytes, large);
      await store.close();
    });

    it('goes on in place of a writer that ended while publishing', async context => {
      const store = new S3Store({...bucket.options, prefix});
      await claim('orphaned');
      context.mock.timers.enable({apis: ['Date'], now: Date.now() + 11 * 60 * 1000});
      assert.equal((await store.put('orphaned', bodyOf(large), OPTIONS)).bytes, large);
      await store.close();
    });
  });

  it('refuses a missing bucket for good, unlike a missing object', async () => {
    const store = new S3Store({...bucket.options, bucket: 'no-such-bucket'});
    const failed = {code: 'STORE_REFUSED', message: /S3_BUCKET/};
    await assert.rejects(store.check(), failed);
    await assert.rejects(store.head('a.bin'), failed);
    await assert.rejects(store.get('a.bin'), failed);
    await assert.rejects(store.list('').next(), failed);
    await assert.rejects(store.put('a.bin', bodyOf(3), OPTIONS), failed);
    await store.close();
  });

  it('refuses wrong keys for good, and tells none of them', async () => {
    const store = new S3Store({...bucket.options, credentials: CREDENTIALS});
    await assert.rejects(store.put('a.bin', bodyOf(3), OPTIONS), noSecret('STORE_REFUSED'));
    await assert.rejects(store.list('').next(), noSecret('STORE_REFUSED'));
    await store.close();
  });

  it('tells the reader when the connection breaks in the middle', async () => {
    const key = 'cut/a.bin';
    const direct = new S3Store(bucket.options);
    await direct.put(key, bodyOf(20 * 1024 * 1024), OPTIONS);
    const {port, cut} = await forwardedPort(bucket.options.endpoint ?? '');
    const store = new S3Store({...bucket.options, endpoint: `http://127.0.0.1:${port}`});
    const stream = await store.get(key);
    await delay(50);
    cut();
    await delay(50);
    await assert.rejects(digestOf(stream), {code: 'STORE_FAILED'});
    await store.close();
    await direct.close();
  });
});

describe('S3Store without a server', () => {
  it('fails within seconds, and tells no secret', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    const store = new S3Store({bucket: 'any', endpoint, forcePathStyle: true, credentials: CREDENTIALS});
    const started = Date.now();
    await assert.rejects(store.check(), noSecret('STORE_FAILED'));
    await assert.rejects(store.get('a.bin'), noSecret('STORE_FAILED'));
    await assert.rejects(store.put('a.bin', bodyOf(20 * 1024 * 1024), OPTIONS), noSecret('STORE_FAILED'));
    assert.ok(Date.now() - started < 5000);
    await store.close();
  });

  it('is not ready within seconds when the server is silent', async () => {
    const {port, close} = await silentPort();
    const endpoint = `http://127.0.0.1:${port}`;
    const store = new S3Store({bucket: 'any', endpoint, forcePathStyle: true, credentials: CREDENTIALS});
    const started = Date.now();
    await assert.rejects(store.check(), noSecret('STORE_FAILED'));
    assert.ok(Date.now() - started < 5000);
    await store.close();
    close();
  });

  it('loads the AWS SDK with the first request, not before', () => {
    const store = join(__dirname, '../../dist/archive/s3-store.js');
    const script = `
      const {S3Store} = require(${JSON.stringify(store)});
      new S3Store({bucket: 'any'});
      process.exitCode = Object.keys(require.cache).some(path => path.includes('@aws-sdk')) ? 1 : 0;`;
    assert.equal(spawnSync(process.execPath, ['-e', script]).status, 0);
  });
});
