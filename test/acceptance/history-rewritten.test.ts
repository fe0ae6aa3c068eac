import assert from 'node:assert/strict';
import {appendFile, mkdtemp, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {notesOf} from '../../dist/integrity/note-file';
import {noteSigner, verifierKey} from '../../dist/integrity/signed-note';
import {AuditServiceBindings} from '../../dist/keys';
import {newKey} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {rewriteTail} from '../support/rewritten-tail';
import {tamper} from '../support/sealed-log';
import {copyOf, type TestDatabase} from '../support/test-database';
import {startTestService, type TestService} from '../support/test-service';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-history-'));
});
after(() => rm(folder, {recursive: true, force: true}));

const [first, next] = [newKey(), newKey()];
const pem = (key = first) => key.export({format: 'pem', type: 'pkcs8'}).toString();
const environment = (log: string) => ({
  ...{SIGNING_KEY: pem(), LOG_ORIGIN: 'audit.example.com', CHECKPOINT_INTERVAL_MS: '20'},
  ...{CHECKPOINT_LOG: log, CHECKPOINT_LOG_INTERVAL_MS: '0'},
});

/** A service whose objects are in one folder, whichever database it has. */
const serve = (log: string, db?: TestDatabase, more: Record<string, string> = {}) =>
  startTestService(
    {...environment(log), ...more},
    app => app.bind(AuditServiceBindings.OBJECT_STORE).to(new FilesystemStore(join(folder, 'objects'))),
    db,
  );

const post = async (service: TestService, entries: number) => {
  const body = Array.from({length: entries}, () => ({action: 'a.b'}));
  assert.equal((await service.send('/audit-logs/batch', {body})).status, 200);
};
const checkpoint = async (service: TestService) => {
  const {status, text, json} = await service.send('/audit-logs/checkpoint');
  return status === 200 ? openCheckpoint(text, [])?.size : (json as {error: {code: string}}).error.code;
};
const gauge = async (service: TestService) =>
  /^audit_history_rewritten (\d+)$/m.exec((await service.send('/metrics')).text)?.[1];

async function assertFoundOut(service: TestService): Promise<void> {
  const found = await eventually('it was found out', async () => {
    const {status, json} = await service.send('/ready', {token: null});
    return status === 503 ? json : undefined;
  });
  assert.deepEqual(found, {status: 'down', database: 'up', objectStore: 'up', history: 'rewritten'});
  assert.equal(await gauge(service), '1');
  await post(service, 1);
  assert.equal(await checkpoint(service), 'HISTORY_REWRITTEN');
  const {rows} = await service.db.admin.query(
    "SELECT max(size)::int AS size FROM audit_checkpoints WHERE tenant_id = 'acme'",
  );
  const {rows: trees} = await service.db.admin.query(
    "SELECT size::int FROM audit_trees WHERE tenant_id = 'acme'",
  );
  assert.ok(rows[0].size === null || rows[0].size < trees[0].size, 'nothing more was signed');
}

describe('a history that was rewritten', () => {
  for (const kind of ['file', 'store']) {
    test(`is found out where the database was restored from an earlier copy (${kind})`, async () => {
      await rm(join(folder, 'objects'), {recursive: true, force: true});
      const log = kind === 'store' ? 'store' : join(folder, 'checkpoints.txt');
      const live = await serve(log);
      await post(live, 10);
      await eventually('it is signed', async () => ((await checkpoint(live)) === 10 ? true : undefined));
      const backup = await copyOf(live.db);
      await post(live, 10);
      await eventually('it is kept', async () => ((await checkpoint(live)) === 20 ? true : undefined));
      assert.equal((await live.send('/ready', {token: null})).status, 200);
      assert.equal(await gauge(live), '0');
      await live.stop();

      const restored = await serve(log, backup);
      await assertFoundOut(restored);
      await post(restored, 20);
      const again = await copyOf(restored.db);
      await restored.stop();

      const grown = await serve(log, again);
      await assertFoundOut(grown);
      await grown.stop();
    });
  }

  test('is found out where a tail was rewritten, while the service runs and after', async () => {
    const log = join(folder, 'tail.txt');
    const live = await serve(log);
    await post(live, 21);
    await eventually('it is kept', async () =>
      (await readFile(log, 'utf8')).includes('\n21\n') ? true : undefined,
    );
    await rewriteTail(live.db.admin, 'acme');
    await post(live, 1);
    await assertFoundOut(live);
    const copy = await copyOf(live.db);
    await live.stop();
    const later = await serve(log, copy);
    await assertFoundOut(later);
    const moved = await copyOf(later.db);
    await later.stop();

    await rename(log, `${log}.evidence`);
    const accepted = await serve(log, moved);
    await eventually('it is signed', async () =>
      typeof (await checkpoint(accepted)) === 'number' ? true : undefined,
    );
    await accepted.stop();
  });

  test('is found out where the key that signed it was forgotten with it', async () => {
    const log = join(folder, 'rotated.txt');
    const live = await serve(log);
    await post(live, 10);
    await eventually('it is kept', async () =>
      (await readFile(log, 'utf8')).includes('\n10\n') ? true : undefined,
    );
    const [emptied, whole] = [await copyOf(live.db), await copyOf(live.db)];
    await live.stop();
    for (const db of [emptied, whole]) {
      await tamper(db.admin, 'DELETE FROM audit_keys');
    }
    const tables = ['audit_logs', 'audit_trees', 'audit_tiles', 'audit_checkpoints'];
    await tamper(emptied.admin, ...tables.map(table => `DELETE FROM ${table}`));

    const rotated = {SIGNING_KEY: pem(next)};
    const deleted = await serve(log, emptied, rotated);
    await assertFoundOut(deleted);
    const again = await copyOf(deleted.db);
    await deleted.stop();

    const forgotten = await serve(log, whole, rotated);
    await assertFoundOut(forgotten);
    const kept = await copyOf(forgotten.db);
    await forgotten.stop();

    const history = join(folder, 'rotated.keys');
    await writeFile(history, `${verifierKey(noteSigner('audit.example.com', first))}\n`);
    const told = {...rotated, SIGNING_KEY_HISTORY: history};
    const remembered = await serve(log, kept, told);
    await eventually('it is signed', async () => ((await checkpoint(remembered)) === 11 ? true : undefined));
    assert.equal((await remembered.send('/ready', {token: null})).status, 200);
    assert.match((await remembered.send('/audit-logs/keys')).text, /^.+\n.+\n$/);
    await remembered.stop();
    const still = await serve(log, again, told);
    await assertFoundOut(still);
    await still.stop();
  });

  test('is none where the database is what it was, whatever was half written into the file', async () => {
    const log = join(folder, 'same.txt');
    const live = await serve(log);
    await post(live, 3);
    await eventually('it is kept', async () =>
      (await readFile(log, 'utf8')).includes('\n3\n') ? true : undefined,
    );
    const same = await copyOf(live.db);
    await live.stop();
    await appendFile(log, '\naudit.example.com/tenant/acme\n999\nAAAA');
    const again = await serve(log, same);
    await post(again, 1);
    await eventually('it goes on', async () =>
      (await readFile(log, 'utf8')).includes('\n4\n') ? true : undefined,
    );
    assert.equal((await again.send('/ready', {token: null})).status, 200);
    await again.stop();
    const sizes = notesOf(await readFile(log, 'utf8')).map(({size}) => size);
    assert.deepEqual(sizes, [3, 4]);
  });
});
