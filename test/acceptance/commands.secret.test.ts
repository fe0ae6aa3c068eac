import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {developmentSecret} from '../../dist/cli/development-token';
import {ScratchFolders} from '../support/serve-process';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

const scratch = new ScratchFolders();
after(() => scratch.remove());

const run = (folder: string, ...args: string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: {PATH: process.env.PATH, AUDIT_DATA_DIR: folder},
    encoding: 'utf8',
  });

describe('without a service that has been started', () => {
  for (const command of ['token', 'import'] as const) {
    test(`${command} says so in one line, and makes neither folder nor secret`, async () => {
      const around = await scratch.make();
      const file = join(around, 'entries.ndjson');
      await writeFile(file, '{"action":"user.login"}\n');
      await mkdir(join(around, 'empty'));
      for (const folder of [join(around, 'missing'), join(around, 'empty')]) {
        const {status, stdout, stderr} = run(folder, command, ...(command === 'import' ? [file] : []));
        assert.match(
          stderr,
          /^audit-service: [^\n]*no service has been started with this AUDIT_DATA_DIR\.\n$/,
        );
        assert.equal(stdout, '');
        assert.equal(status, 1);
      }
      assert.equal(existsSync(join(around, 'missing')), false);
      assert.deepEqual(await readdir(join(around, 'empty')), []);
    });
  }

  test('token signs with the secret of the first start once there is one', async () => {
    const folder = join(await scratch.make(), 'data');
    const secret = await developmentSecret(folder);
    const {status, stdout} = run(folder, 'token');
    assert.equal(status, 0);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assert.equal(readFileSync(join(folder, 'jwt-secret'), 'utf8'), secret);
  });
});
