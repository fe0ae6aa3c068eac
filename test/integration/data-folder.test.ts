import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {type HeldFolder, holdDataFolder} from '../../dist/embedded/data-folder';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-folder-'));
});
afterEach(() => rm(folder, {recursive: true, force: true}));

/** How many of so many that want the folder at once get it; they let it go again. */
async function holders(count: number): Promise<number> {
  const held = await Promise.allSettled(Array.from({length: count}, () => holdDataFolder(folder)));
  const got = held.filter((each): each is PromiseFulfilledResult<HeldFolder> => each.status === 'fulfilled');
  for (const {value} of got) await value.release();
  return got.length;
}

/** A socket as a service leaves it that is killed. */
async function leaveSocket(): Promise<void> {
  const held = join(__dirname, '..', '..', 'dist', 'embedded', 'data-folder.js');
  const script = `require(${JSON.stringify(held)}).holdDataFolder(${JSON.stringify(folder)}).then(() => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'close');
  assert.ok(existsSync(join(folder, 'service.sock')));
}

test('of many that want a folder at once one gets it, and after that the next', async () => {
  for (let round = 0; round < 20; round++) assert.equal(await holders(8), 1);
});

test('of many that want a folder at once, in which one has crashed, one gets it', async () => {
  for (let round = 0; round < 5; round++) {
    await leaveSocket();
    assert.equal(await holders(8), 1);
  }
  assert.deepEqual(await readdir(folder), []);
});
