import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import {Client} from 'pg';
import type {AuditEntry, DatabaseSettings} from '../../dist';
import {startEmbeddedPostgres} from '../../dist/embedded/embedded-postgres';
import {eventually} from '../support/eventually';
import {startForwarder} from '../support/forwarder';
import {startOldPostgres} from '../support/old-postgres';
import {type Answer, type SendOptions, send} from '../support/send';
import {
  databaseEnvironment,
  endAll,
  ScratchFolders,
  type ServeProcess,
  serve,
} from '../support/serve-process';
import {createTestDatabase} from '../support/test-database';
import {testToken} from '../support/test-token';

const scratch = new ScratchFolders();
after(async () => {
  await endAll();
  await scratch.remove();
});

type Ask = (path: string, options?: SendOptions) => Promise<Answer>;

async function serveOn(
  settings: DatabaseSettings,
  more: Record<string, string> = {},
): Promise<{service: ServeProcess; ask: Ask}> {
  const folder = await scratch.make();
  const service = serve({...databaseEnvironment(settings), AUDIT_DATA_DIR: folder, ...more});
  const url = await service.serving();
  const token = await testToken();
  return {service, ask: (path, options = {}) => send(`${url}${path}`, {token, ...options})};
}

async function asAdmin<T>(settings: DatabaseSettings, work: (client: Client) => Promise<T>): Promise<T> {
  const {ssl: _ssl, ...connection} = settings;
  const client = new Client(connection);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Records, searches, archives, and finds again what was archived. */
async function worksWhole(ask: Ask): Promise<void> {
  const posted = await ask('/audit-logs', {body: {action: 'door.open', actor: 'jane'}});
  assert.equal(posted.status, 200, posted.text);
  const batch = await ask('/audit-logs/batch', {
    body: [{action: 'door.close', id: '01890000-0000-7000-8000-000000000001'}],
  });
  assert.equal(batch.status, 200, batch.text);
  assert.deepEqual((await ask('/audit-logs?actor=jane')).json, [posted.json]);
  const body = {date: {fromDate: '2000-01-01', toDate: '2100-01-01'}};
  const archived = await ask('/audit-logs/archive', {body});
  assert.equal(archived.status, 200, archived.text);
  assert.equal((archived.json as {numberOfEntriesArchived: number}).numberOfEntriesArchived, 2);
  assert.deepEqual((await ask('/audit-logs/count')).json, {count: 0, relation: 'eq'});
  const {jobId} = (await ask('/audit-logs?actor=jane&includeArchivedLogs=true')).json as {jobId: string};
  const found = await eventually('the job is completed', async () => {
    const job = (await ask(`/audit-logs/jobs/${jobId}`)).json as {status: string; result: AuditEntry[]};
    return job.status === 'COMPLETED' ? job.result : undefined;
  });
  assert.deepEqual(found, [posted.json]);
}

test('a schema other than public is made, migrated and worked in, and public stays empty', async () => {
  const db = await createTestDatabase('template0');
  const {service, ask} = await serveOn(db.settings, {DB_SCHEMA: 'trail_2'});
  await worksWhole(ask);
  const {rows} = await db.admin.query(
    "SELECT relnamespace::regnamespace::text AS schema, count(*)::int FROM pg_class WHERE relname IN ('audit_logs', 'migrations') GROUP BY 1",
  );
  assert.deepEqual(rows, [{schema: 'trail_2', count: 2}]);
  assert.deepEqual(await service.end(), {code: 0, signal: null});
  await db.drop();
});

test('a start on a database that was migrated already, with MIGRATE=false, works', async () => {
  const db = await createTestDatabase();
  const {service, ask} = await serveOn(db.settings, {MIGRATE: 'false'});
  await worksWhole(ask);
  await service.end();
  await db.drop();
});

test('a login that may create roles and is no superuser migrates its database and works in it', async () => {
  const folder = await scratch.make();
  const postgres = await startEmbeddedPostgres(folder);
  try {
    await asAdmin(postgres.settings, async client => {
      await client.query("CREATE ROLE managed LOGIN CREATEROLE PASSWORD 'managed'");
      await client.query('CREATE DATABASE managed OWNER managed');
    });
    const settings = {...postgres.settings, user: 'managed', password: 'managed', database: 'managed'};
    const {service, ask} = await serveOn(settings);
    await worksWhole(ask);
    const rival = await testToken({tenantId: 'rival'});
    assert.deepEqual((await ask('/audit-logs', {token: rival})).json, []);
    await service.end();
    const again = await serveOn(settings);
    assert.equal((await again.ask('/ready')).status, 200);
    await again.service.end();
    await asAdmin(postgres.settings, async client => {
      const {rows} = await client.query(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE 'audit\\__%' ORDER BY 1",
      );
      assert.deepEqual(
        rows,
        ['audit_owner', 'audit_reader', 'audit_writer'].map(rolname => ({
          rolname,
          rolsuper: false,
          rolbypassrls: false,
        })),
      );
    });
  } finally {
    await postgres.stop();
  }
});

test('while PostgreSQL is away the service stays up, says 503 and when to come again, and then goes on', async () => {
  const folder = await scratch.make();
  const first = await startEmbeddedPostgres(folder);
  const forwarder = await startForwarder(first.settings.port);
  const {service, ask} = await serveOn({...first.settings, port: forwarder.port}, {LOG_LEVEL: 'warn'});
  const posted = await ask('/audit-logs', {body: {action: 'door.open'}});
  assert.equal((await ask('/ready')).status, 200);

  forwarder.forwardTo(undefined);
  await first.stop();
  const down = await eventually('the service is not ready', async () => {
    const answer = await ask('/ready');
    return answer.status === 503 ? answer : undefined;
  });
  assert.deepEqual(down.json, {status: 'down', database: 'down', objectStore: 'up'});
  assert.equal((await ask('/health')).status, 200);
  for (const answer of [
    await ask('/audit-logs'),
    await ask('/audit-logs', {body: {action: 'door.open'}}),
    await ask('/audit-logs/archive', {body: {actedOn: 'Door'}}),
    await ask('/audit-logs/export?format=csv'),
  ]) {
    assert.equal(answer.status, 503, answer.text);
    assert.equal((answer.json as {error: {code: string}}).error.code, 'DATABASE_UNAVAILABLE');
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
  }
  assert.match(service.output, /"level":40.*"code":"DATABASE_UNAVAILABLE".*"request turned away"/);
  assert.doesNotMatch(service.output, /"level":50.*"msg":"request/, 'it is no fault of the service');

  const second = await startEmbeddedPostgres(folder);
  forwarder.forwardTo(second.settings.port);
  await eventually('the service is ready again', async () =>
    (await ask('/ready')).status === 200 ? true : undefined,
  );
  assert.deepEqual((await ask('/audit-logs')).json, [posted.json]);
  assert.equal((await ask('/audit-logs', {body: {action: 'door.open'}})).status, 200);
  assert.deepEqual(await service.end(), {code: 0, signal: null});
  await forwarder.stop();
  await second.stop();
});

test('a PostgreSQL that is older than 14 is refused in one line', async () => {
  const old = await startOldPostgres(130_016);
  const settings = {host: '127.0.0.1', port: old.port, user: 'a', password: 'b', database: 'c', ssl: false};
  const service = serve({...databaseEnvironment(settings), AUDIT_DATA_DIR: await scratch.make()});
  assert.equal((await service.ended()).code, 1);
  assert.match(service.errors, /^audit-service: DB_HOST is too old: PostgreSQL 14 or later is needed\.\n$/);
  await old.stop();
});
