import assert from 'node:assert/strict';
import {randomInt} from 'node:crypto';
import {after, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Pool} from 'pg';
import {migrate} from '../../dist';
import {startEmbeddedPostgres} from '../../dist/embedded/embedded-postgres';
import {Database} from '../../dist/repositories/database';
import {type ChildService, startChildService} from '../support/child-service';
import {eventually} from '../support/eventually';
import {startForwarder} from '../support/forwarder';
import {postgresProcesses} from '../support/postgres-processes';
import {assertSealed} from '../support/sealed-tree';
import {endAll, ScratchFolders} from '../support/serve-process';
import {createTestDatabase} from '../support/test-database';
import {WriteLoad} from '../support/write-load';

const SERVICE_KILLS = 100;
const SERVICES = 2;
const POSTGRES_KILLS = 20;

const scratch = new ScratchFolders();
after(async () => {
  await endAll();
  await scratch.remove();
});

/** Every acknowledged entry is there once, at the place and with the hash of its receipt; nothing else is there. */
async function assertKept(load: WriteLoad, database: Database, admin: Pool): Promise<void> {
  for (const tenantId of load.tenants) {
    const entries = await assertSealed(database, admin, tenantId);
    const stored = new Map(entries.map(entry => [entry.id, entry]));
    const receipts = load.acknowledged.get(tenantId) ?? new Map();
    assert.ok(receipts.size > 0, `nothing was written for ${tenantId}`);
    for (const [id, {leafIndex, leafHash, salt, recordedAt}] of receipts) {
      const entry = stored.get(id);
      assert.deepEqual(
        [entry?.leafIndex, entry?.leafHash, entry?.salt, entry?.recordedAt],
        [leafIndex, leafHash, salt, recordedAt],
      );
    }
    const sent = load.sent.get(tenantId);
    assert.deepEqual(
      entries.filter(({id}) => !sent?.has(id)),
      [],
    );
  }
}

test(`${SERVICE_KILLS} times kill -9 of two services at work loses no acknowledged entry and doubles none`, {
  timeout: 600_000,
}, async t => {
  const db = await createTestDatabase();
  const load = new WriteLoad(['acme', 'rival', 'third']);
  let left = SERVICE_KILLS;
  const keepKilling = async () => {
    const folder = await scratch.make();
    while (left-- > 0) {
      const service = await startChildService(db, folder, {JOB_CONCURRENCY: '0'});
      const stop = new AbortController();
      const writers = [...load.tenants, ...load.tenants].map(tenantId =>
        load.write(tenantId, () => service.url, stop.signal),
      );
      await sleep(randomInt(20, 250));
      await service.kill('SIGKILL');
      stop.abort();
      await Promise.all(writers);
    }
  };
  await Promise.all(Array.from({length: SERVICES}, keepKilling));

  const last = await startChildService(db, await scratch.make());
  t.after(() => last.kill('SIGKILL'));
  await load.finish(last.url);
  assert.deepEqual(await last.kill('SIGTERM'), {code: 0, signal: null}, last.output);
  await assertKept(load, db.database, db.admin);
  await db.drop();
});

test(`${POSTGRES_KILLS} times kill -9 of PostgreSQL loses no acknowledged entry, and the service goes on`, {
  timeout: 600_000,
}, async t => {
  const folder = await scratch.make();
  let postgres = await startEmbeddedPostgres(folder);
  t.after(() => postgres.stop());
  await migrate(postgres.settings, 'public');
  const forwarder = await startForwarder(postgres.settings.port);
  t.after(() => forwarder.stop());
  const settings = {...postgres.settings, port: forwarder.port};
  const service: ChildService = await startChildService({settings}, await scratch.make());
  const load = new WriteLoad(['acme', 'rival']);
  const stop = new AbortController();
  t.after(async () => {
    stop.abort();
    await service.kill('SIGKILL');
  });
  const writers = [...load.tenants, ...load.tenants].map(tenantId =>
    load.write(tenantId, () => service.url, stop.signal),
  );
  for (let kill = 0; kill < POSTGRES_KILLS; kill++) {
    await sleep(randomInt(50, 400));
    const killed = await postgresProcesses(folder);
    for (const pid of killed) signal(pid, 'SIGKILL');
    forwarder.forwardTo(undefined);
    // Until somebody has taken note of its end, a process counts as running for those who ask by its number.
    await eventually('PostgreSQL is gone', async () =>
      killed.some(pid => signal(pid, 0)) || (await postgresProcesses(folder)).length > 0 ? undefined : true,
    );
    postgres = await startEmbeddedPostgres(folder);
    forwarder.forwardTo(postgres.settings.port);
    await eventually('the service is ready again', async () =>
      (await service.send('/ready')).status === 200 ? true : undefined,
    );
  }
  stop.abort();
  await Promise.all(writers);
  await load.finish(service.url);
  assert.equal(service.hasEnded, false, service.output);

  const {ssl: _ssl, ...connection} = postgres.settings;
  const pool = new Pool(connection);
  await assertKept(load, new Database(async () => pool), pool);
  await pool.end();
  assert.deepEqual(await service.kill('SIGTERM'), {code: 0, signal: null}, service.output);
});

/** Whether there is a process that the signal could be sent to; 0 asks and sends none. */
function signal(pid: number, kind: 'SIGKILL' | 0): boolean {
  try {
    return process.kill(pid, kind);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}
