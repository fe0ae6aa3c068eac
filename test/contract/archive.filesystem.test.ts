import assert from 'node:assert/strict';
import {mkdtemp, readdir, readlink, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {describe, it} from 'node:test';
import {readArchive, verifyArchive} from '../../dist/archive/archive-reader';
import {writeArchive} from '../../dist/archive/archive-writer';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {CountedPages} from '../unit/sample-entry';
import {archiveContract} from './archive.contract';

async function folderStore() {
  const folder = await mkdtemp(join(tmpdir(), 'archive-'));
  return {store: new FilesystemStore(folder), folder, close: () => rm(folder, {recursive: true})};
}

describe('archives in a folder', () => {
  archiveContract(folderStore);

  it('are written, verified and read with flat memory, without holding up the event loop', async () => {
    const {store, close} = await folderStore();
    const before = process.memoryUsage().rss;
    let peak = before;
    const sampler = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 10);
    const delays = monitorEventLoopDelay({resolution: 5});
    delays.enable();
    // About 80 MB of CSV.
    const archive = await writeArchive(store, 'a.csv.gz', new CountedPages(700));
    await verifyArchive(store, 'a.csv.gz', archive);
    clearInterval(sampler);
    delays.disable();
    await close();
    assert.equal(archive.entries, 70_000);
    assert.ok(peak - before < 128 * 1024 * 1024, `grew by ${peak - before} bytes`);
    assert.ok(delays.percentile(99) < 200e6, `held up for ${delays.percentile(99) / 1e6} ms`);
  });

  it('are released by a reader that stops early', async () => {
    const {store, folder, close} = await folderStore();
    await writeArchive(store, 'a.csv.gz', new CountedPages(500));
    for await (const _ of readArchive(store, 'a.csv.gz')) break;
    await new Promise(resolve => setTimeout(resolve, 50));
    const open = await Promise.all(
      (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    assert.deepEqual(
      open.filter(path => path.startsWith(folder)),
      [],
    );
    await close();
  });
});
