import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readdir, readlink, rename, rm, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, it, type TestContext} from 'node:test';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {bodyOf, digestOf} from './bodies';
import {objectStoreContract} from './object-store.contract';

const OPTIONS = {contentType: 'application/octet-stream'};

async function openFiles(folder: string): Promise<number> {
  const targets = (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(targets)).filter(target => target.startsWith(folder)).length;
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'filesystem-store-'));
  context.after(() => rm(folder, {recursive: true, force: true}));
  return folder;
}

describe('FilesystemStore', () => {
  objectStoreContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'filesystem-store-'));
    const root = join(folder, 'made', 'at-first-use');
    return {
      store: new FilesystemStore(root),
      remains: () => readdir(join(root, '.incoming')),
      openReaders: () => openFiles(folder),
      close: () => rm(folder, {recursive: true}),
    };
  }, 1100);

  it('keeps memory flat while 200 MiB go in and out', async context => {
    const store = new FilesystemStore(await temporaryFolder(context));
    const bytes = 200 * 1024 * 1024;
    const before = process.memoryUsage().rss;
    let peak = before;
    const sampler = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 10);
    const {sha256} = await store.put('large.bin', bodyOf(bytes), OPTIONS);
    assert.deepEqual(await digestOf(await store.get('large.bin')), {bytes, sha256});
    clearInterval(sampler);
    assert.ok(peak - before < 64 * 1024 * 1024, `grew by ${peak - before} bytes`);
  });

  it('fails when its folder has vanished, does not make it again, and works once it is back', async context => {
    const folder = await temporaryFolder(context);
    const root = join(folder, 'volume');
    const store = new FilesystemStore(root);
    await store.put('a.bin', bodyOf(5), OPTIONS);
    await rename(root, join(folder, 'unmounted'));
    const failed = {code: 'STORE_FAILED'};
    await assert.rejects(store.check(), failed);
    await assert.rejects(store.get('a.bin'), failed);
    await assert.rejects(store.head('a.bin'), failed);
    await assert.rejects(store.delete('a.bin'), failed);
    await assert.rejects(store.list('').next(), failed);
    await assert.rejects(store.put('b/c.bin', bodyOf(5), OPTIONS), failed);
    assert.deepEqual(await readdir(folder), ['unmounted']);
    await rename(join(folder, 'unmounted'), root);
    await store.check();
    assert.equal((await digestOf(await store.get('a.bin'))).bytes, 5);
  });

  it('does not tell where on the host it is', async context => {
    const folder = await temporaryFolder(context);
    await writeFile(join(folder, 'file'), '');
    const store = new FilesystemStore(join(folder, 'file'));
    await assert.rejects(store.check(), (error: Error) => {
      assert.match(error.message, /could not be written to: E(EXIST|NOTDIR)/);
      assert.doesNotMatch(error.message, new RegExp(folder));
      return true;
    });
  });

  it('sweeps away what a killed process left behind, but not what is being written', async context => {
    const root = await temporaryFolder(context);
    await mkdir(join(root, '.incoming'));
    for (const name of ['old', 'new']) await writeFile(join(root, '.incoming', name), name);
    const lastWeek = new Date(Date.now() - 7 * 24 * 60 * 60 * 1000);
    await utimes(join(root, '.incoming', 'old'), lastWeek, lastWeek);
    await new FilesystemStore(root).check();
    assert.deepEqual(await readdir(join(root, '.incoming')), ['new']);
  });

  it('passes on the fault of a stream that ends the put', async context => {
    const store = new FilesystemStore(await temporaryFolder(context));
    const body = new Readable({
      read() {
        this.destroy(new Error('connection lost'));
      },
    });
    await assert.rejects(store.put('a.bin', body, OPTIONS), {message: 'connection lost'});
  });
});
