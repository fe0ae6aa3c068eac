import assert from 'node:assert/strict';
import {once} from 'node:events';
import {Readable} from 'node:stream';
import {after, before, describe, it} from 'node:test';
import type {ObjectStore} from '../../dist/archive/object-store';
import type {ErrorCode} from '../../dist/errors';
import {bodyOf, brokenBody, digestOf} from './bodies';

/** An empty store of the kind under test. */
export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** What failed puts have left behind out of sight: temporary files, unfinished uploads. */
  remains(): Promise<string[]>;
  /** Sockets or files that are open for a reader at the moment. */
  openReaders(): Promise<number>;
  close(): Promise<void>;
}

const OPTIONS = {contentType: 'application/octet-stream'};
const MEBIBYTE = 1024 * 1024;

const code = (expected: ErrorCode) => (error: unknown) => {
  assert.equal((error as {code?: unknown}).code, expected);
  return true;
};

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const {key} of store.list(prefix)) keys.push(key);
  return keys.sort();
}

/** What every object store must do; `listed` is how many objects make several pages of a listing. */
export function objectStoreContract(open: () => Promise<StoreUnderTest>, listed: number): void {
  let under: StoreUnderTest;
  let store: ObjectStore;
  before(async () => {
    under = await open();
    store = under.store;
  });
  after(() => under?.close());

  describe('put and get', () => {
    for (const bytes of [0, 1, 4711, 8 * MEBIBYTE, 8 * MEBIBYTE + 1, 20 * MEBIBYTE]) {
      it(`gives ${bytes} bytes back as they were`, async () => {
        const key = `round/${bytes}.bin`;
        const expected = await digestOf(bodyOf(bytes));
        const stored = await store.put(key, bodyOf(bytes), OPTIONS);
        assert.deepEqual({key: stored.key, bytes: stored.bytes, sha256: stored.sha256}, {key, ...expected});
        assert.deepEqual(await digestOf(await store.get(key)), expected);
        assert.equal((await store.head(key))?.bytes, bytes);
      });
    }

    it('takes a Readable, metadata, and keys with spaces, percent signs and Unicode', async () => {
      const key = 'odd/tenant=%2E%2E/a b+c ü☃.gz';
      const metadata = {tenant: 'acme'};
      await store.put(key, Readable.from([Buffer.from('one'), Buffer.from('two')]), {...OPTIONS, metadata});
      assert.equal((await (await store.get(key)).toArray()).join(''), 'onetwo');
      assert.deepEqual(await keysOf(store, 'odd/tenant=%2E%2E/'), [key]);
    });

    it('reads nothing of a missing object', async () => {
      await assert.rejects(store.get('missing/a.bin'), code('OBJECT_NOT_FOUND'));
      await assert.rejects(store.get('round'), code('OBJECT_NOT_FOUND'));
      assert.equal(await store.head('missing/a.bin'), undefined);
    });

    it('releases a reader that stops early', async () => {
      await store.put('early.bin', bodyOf(20 * MEBIBYTE), OPTIONS);
      const idle = await under.openReaders();
      for (let round = 0; round < 5; round++) {
        const stream = await store.get('early.bin');
        for await (const _ of stream) break;
        if (!stream.closed) await once(stream, 'close');
      }
      const unread = await store.get('early.bin');
      unread.destroy();
      await once(unread, 'close');
      await new Promise(resolve => setTimeout(resolve, 100));
      assert.ok((await under.openReaders()) <= idle);
    });
  });

  describe('no overwriting', () => {
    for (const bytes of [10, 9 * MEBIBYTE]) {
      it(`refuses ${bytes} bytes for a key that is taken`, async () => {
        const key = `taken/${bytes}.bin`;
        const first = await store.put(key, bodyOf(100), OPTIONS);
        await assert.rejects(store.put(key, bodyOf(bytes), OPTIONS), code('OBJECT_EXISTS'));
        assert.equal((await digestOf(await store.get(key))).sha256, first.sha256);
      });

      it(`lets one of four concurrent puts of ${bytes} bytes win`, async () => {
        const key = `race/${bytes}.bin`;
        const puts = await Promise.allSettled(
          [1, 2, 3, 4].map(extra => store.put(key, bodyOf(bytes + extra), OPTIONS)),
        );
        const won = puts.flatMap(put => (put.status === 'fulfilled' ? [put.value] : []));
        const lost = puts.flatMap(put => (put.status === 'rejected' ? [put.reason.code] : []));
        assert.equal(won.length, 1);
        assert.deepEqual(lost, ['OBJECT_EXISTS', 'OBJECT_EXISTS', 'OBJECT_EXISTS']);
        assert.equal((await digestOf(await store.get(key))).sha256, won[0]?.sha256);
        assert.deepEqual(await under.remains(), []);
      });
    }
  });

  describe('all or nothing', () => {
    for (const bytes of [10, 20 * MEBIBYTE]) {
      it(`leaves nothing of a body that fails after ${bytes} bytes, and throws its error`, async () => {
        const error = new Error('the body failed');
        await assert.rejects(store.put('half/a.bin', brokenBody(bytes, error), OPTIONS), error);
        assert.deepEqual(await keysOf(store, 'half/'), []);
        assert.equal(await store.head('half/a.bin'), undefined);
        assert.deepEqual(await under.remains(), []);
      });
    }

    it('leaves nothing of a stream that is destroyed', async () => {
      const body = new Readable({read() {}});
      body.push(Buffer.alloc(MEBIBYTE));
      setTimeout(() => body.destroy(), 50);
      await assert.rejects(store.put('half/b.bin', body, OPTIONS), {code: 'ERR_STREAM_PREMATURE_CLOSE'});
      assert.deepEqual(await keysOf(store, 'half/'), []);
      assert.deepEqual(await under.remains(), []);
    });

    it('is not visible before its body has ended', async () => {
      const keys = await keysOf(store, '');
      async function* body() {
        yield* bodyOf(20 * MEBIBYTE);
        assert.equal(await store.head('half/c.bin'), undefined);
        assert.deepEqual(await keysOf(store, ''), keys);
      }
      await store.put('half/c.bin', body(), OPTIONS);
    });
  });

  describe('keys', () => {
    const long = 'a'.repeat(255);
    const bad = ['', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', 'a\\b', 'a\0b', 'a\nb'];
    bad.push('.hidden/a', '\ud800', `${long}a`, `${long}/${long}/${long}/${long}/a`, 'ü'.repeat(128));

    it('refuses keys that could mean something else, and closes their body', async () => {
      for (const key of bad) {
        const body = Readable.from([Buffer.from('x')]);
        await assert.rejects(store.put(key, body, OPTIONS), code('INVALID_PARAMETER'), JSON.stringify(key));
        assert.ok(body.destroyed);
        await assert.rejects(store.get(key), code('INVALID_PARAMETER'));
        await assert.rejects(store.head(key), code('INVALID_PARAMETER'));
        await assert.rejects(store.delete(key), code('INVALID_PARAMETER'));
      }
      await assert.rejects(keysOf(store, '../'), code('INVALID_PARAMETER'));
    });

    it('takes long ones', async () => {
      const key = `${long}/${long}/${long}`;
      await store.put(key, bodyOf(3), OPTIONS);
      assert.equal((await store.head(key))?.bytes, 3);
      await store.delete(key);
    });
  });

  describe('list and delete', () => {
    it(`lists ${listed} objects of a prefix, each once, and only those`, async () => {
      const keys = Array.from({length: listed}, (_, number) => `many/day=${number % 7}/${number}.bin`);
      for (let at = 0; at < keys.length; at += 8) {
        await Promise.all(keys.slice(at, at + 8).map(key => store.put(key, bodyOf(1), OPTIONS)));
      }
      await store.put('many-others/a.bin', bodyOf(1), OPTIONS);
      assert.deepEqual(await keysOf(store, 'many/'), [...keys].sort());
      assert.deepEqual(
        await keysOf(store, 'many/day=3'),
        keys.filter(key => key.startsWith('many/day=3')).sort(),
      );
      assert.deepEqual(await keysOf(store, 'many-o'), ['many-others/a.bin']);
      assert.deepEqual(await keysOf(store, 'nothing/here/'), []);
      for await (const first of store.list('many/')) {
        assert.equal(first.bytes, 1);
        break;
      }
    });

    it('deletes an object for good, and a missing one without complaint', async () => {
      await store.put('gone/a.bin', bodyOf(5), OPTIONS);
      await store.delete('gone/a.bin');
      await store.delete('gone/a.bin');
      await assert.rejects(store.get('gone/a.bin'), code('OBJECT_NOT_FOUND'));
      await store.put('gone/a.bin', bodyOf(6), OPTIONS);
      assert.equal((await store.head('gone/a.bin'))?.bytes, 6);
    });
  });

  it('says that it can be used', () => store.check());
}
