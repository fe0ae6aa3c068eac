import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, before, beforeEach, test} from 'node:test';
import {juggler} from '@loopback/repository';
import {RestApplication, SequenceActions} from '@loopback/rest';
import pino from 'pino';
import {
  type AuditEntry,
  AuditServiceBindings,
  AuditServiceComponent,
  type AuditServiceConfig,
  type Caller,
} from '../../dist';
import {eventually} from '../support/eventually';
import {FollowedStream} from '../support/followed-stream';
import {send} from '../support/send';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let folder: string;
let app: RestApplication;
let source: juggler.DataSource;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-component-'));
});
after(async () => {
  await db.drop();
  await rm(folder, {recursive: true, force: true});
});
beforeEach(() => {
  app = new RestApplication({shutdown: {signals: []}, rest: {host: '127.0.0.1', port: 0}});
  const {ssl: _ssl, ...connection} = db.settings;
  source = new juggler.DataSource({connector: 'postgresql', ...connection, lazyConnect: true});
  app.bind('datasources.AuditDB').to(source);
  app.bind(AuditServiceBindings.LOGGER).to(pino({level: 'silent'}));
});
afterEach(async () => {
  await app.stop();
  await source.disconnect();
});

const options = (more: AuditServiceConfig = {}): AuditServiceConfig => ({
  store: {kind: 'folder', folder},
  ...more,
});
const someone = (id: string) => async (): Promise<Caller> => ({
  id,
  actorType: 'service',
  tenantId: 'acme',
  permissions: ['ViewAudit', 'CreateAudit', 'ExportLogs'],
});
const post = async (action: string) => {
  const answer = await send(`${app.restServer.url}/audit-logs`, {body: {action}});
  assert.equal(answer.status, 200, answer.text);
  return answer.json as AuditEntry;
};

test('the component works in an application without RepositoryMixin', async () => {
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.bind(AuditServiceBindings.CALLER).to(someone('plain'));
  app.component(AuditServiceComponent);
  await app.start();
  const entry = await post('thing.done');
  assert.equal(entry.actor, 'plain');
  const found = await send(`${app.restServer.url}/audit-logs/${entry.id}`);
  assert.deepEqual(found.json, entry);
});

test('a host that authenticates nobody is answered 401, not an error of the service', async () => {
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.component(AuditServiceComponent);
  await app.start();
  assert.equal((await send(`${app.restServer.url}/audit-logs`)).status, 401);
});

test('a part that is bound before the component is mounted is kept', async () => {
  app.bind(AuditServiceBindings.CALLER).to(someone('before'));
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.component(AuditServiceComponent);
  await app.start();
  assert.equal((await post('thing.done')).actor, 'before');
});

test('a part that is bound after the component is mounted takes the place of its own', async () => {
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.component(AuditServiceComponent);
  app.bind(AuditServiceBindings.CALLER).to(someone('after'));
  app
    .bind(AuditServiceBindings.COLUMN_BUILDER)
    .to(entries => entries.map(({action}) => ({Happening: action})));
  await app.start();
  assert.equal((await post('thing.done')).actor, 'after');
  const exported = await send(`${app.restServer.url}/audit-logs/export?format=csv&actor=after`);
  assert.equal(exported.text, 'Happening\r\nthing.done\r\n');
});

test('options that are given after the component is mounted count', async () => {
  app.component(AuditServiceComponent);
  app.bind(AuditServiceBindings.CALLER).to(someone('late'));
  app
    .configure(AuditServiceBindings.COMPONENT)
    .to(options({tenancy: {mode: 'single', tenantId: 'the-only-one'}}));
  await app.start();
  assert.equal((await post('thing.done')).tenantId, 'the-only-one');
});

test('connections that PostgreSQL ends while they are idle are replaced, and the process lives on', async () => {
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.bind(AuditServiceBindings.CALLER).to(someone('survivor'));
  app.component(AuditServiceComponent);
  await app.start();
  await post('thing.done');
  const ended = await db.admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  assert.ok(ended.rowCount);
  const answers = await eventually('entries are taken again', async () => {
    const answer = await send(`${app.restServer.url}/audit-logs`, {body: {action: 'thing.done'}});
    return answer.status === 200 ? answer : undefined;
  });
  assert.equal((answers.json as AuditEntry).actor, 'survivor');
});

test('a database that cannot be reached is answered with 503 and when to come again', async () => {
  app.bind('datasources.AuditDB').to(
    new juggler.DataSource({
      connector: 'postgresql',
      host: '127.0.0.1',
      port: 1,
      lazyConnect: true,
    }),
  );
  app.configure(AuditServiceBindings.COMPONENT).to(options({jobs: {run: false}}));
  app.bind(AuditServiceBindings.CALLER).to(someone('patient'));
  app.component(AuditServiceComponent);
  app.bind(SequenceActions.LOG_ERROR).to(() => {});
  await app.start();
  const answer = await send(`${app.restServer.url}/audit-logs`);
  assert.equal(answer.status, 503);
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
});

test('a stream of entries ends when the host stops, and keeps it from nothing', async () => {
  app.configure(AuditServiceBindings.COMPONENT).to(options());
  app.bind(AuditServiceBindings.CALLER).to(someone('host'));
  app.component(AuditServiceComponent);
  await app.start();
  const stream = await FollowedStream.open(`${app.restServer.url}/audit-logs/stream`, 'none.of.these');
  await post('a.b');
  await stream.until(1);
  const begun = performance.now();
  await app.stop();
  const took = performance.now() - begun;
  assert.ok(took < 3_000, `${took} ms`);
  assert.equal(await stream.ended(), 'whole');
});
