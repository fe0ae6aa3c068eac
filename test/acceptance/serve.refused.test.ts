import assert from 'node:assert/strict';
import {chmod, mkdir, readdir, rm, writeFile} from 'node:fs/promises';
import {createServer, type Server} from 'node:net';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {postgresProcesses} from '../support/postgres-processes';
import {databaseEnvironment, endAll, ScratchFolders, serve} from '../support/serve-process';
import {testServer} from '../support/test-database';

const scratch = new ScratchFolders();
after(async () => {
  await endAll();
  await scratch.remove();
});

const database = () => databaseEnvironment(testServer());

/** The service does not start, says why in one line, and leaves nothing running. */
async function refused(environment: Record<string, string>, reason: RegExp): Promise<void> {
  const folder = environment.AUDIT_DATA_DIR ?? (await scratch.make());
  const service = serve({AUDIT_DATA_DIR: folder, ...environment});
  const begun = await service.serving().catch(() => undefined);
  assert.equal(begun, undefined, 'the service started');
  assert.equal((await service.ended()).code, 1);
  assert.match(service.errors, /^audit-service: [^\n]+\n$/);
  assert.match(service.errors, reason);
  assert.equal(service.output, '');
  assert.deepEqual(await postgresProcesses(folder), []);
}

/** A data folder with a PostgreSQL that has been stopped in good order. */
async function usedFolder(): Promise<string> {
  const folder = await scratch.make();
  const service = serve({AUDIT_DATA_DIR: folder});
  await service.serving();
  await service.end();
  return folder;
}

async function listening(): Promise<{server: Server; port: number}> {
  const server = createServer();
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {server, port: typeof address === 'object' && address ? address.port : 0};
}

test('a port that is taken', async () => {
  const {server, port} = await listening();
  try {
    await refused({PORT: String(port)}, new RegExp(`PORT ${port} on 127.0.0.1 is taken`));
  } finally {
    server.close();
  }
});

test('a port that is none', async () => {
  for (const port of ['eighty', '-1', '65536', '3000.5']) await refused({PORT: port}, /PORT must be a whole/);
});

test('an address that this machine has not', () => refused({HOST: '192.0.2.1'}, /HOST 192.0.2.1/));

test('a data folder that is a file', async () => {
  const file = join(await scratch.make(), 'file');
  await writeFile(file, '');
  await refused({AUDIT_DATA_DIR: file}, /AUDIT_DATA_DIR .*cannot be written to/);
});

test('a data folder in which nothing can be made', () =>
  refused({AUDIT_DATA_DIR: '/sys/audit'}, /AUDIT_DATA_DIR .*cannot be written to/));

test('a data folder that another user may write to alone', {skip: process.getuid?.() === 0}, async () => {
  const folder = await scratch.make();
  await chmod(folder, 0o500);
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR .*cannot be written to/);
});

test('PostgreSQL data of another version', async () => {
  const folder = await usedFolder();
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '9.1\n');
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR .*PostgreSQL/);
});

test('PostgreSQL data of which files are missing', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'postgres', 'global'), {recursive: true});
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR .*PostgreSQL/);
});

test('PostgreSQL data without PG_VERSION is not taken for an empty folder: nothing of it is removed', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'postgres', 'PG_VERSION'));
  const before = await readdir(join(folder, 'postgres', 'base'));
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR .*not a database cluster/);
  assert.deepEqual(await readdir(join(folder, 'postgres', 'base')), before);
});

test('a PostgreSQL whose password was lost', async () => {
  const folder = await usedFolder();
  await rm(join(folder, 'postgres-password'));
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR .*password/);
});

test('a folder that holds something else in the place of PostgreSQL', async () => {
  const folder = await scratch.make();
  await mkdir(join(folder, 'postgres'));
  await writeFile(join(folder, 'postgres', 'diary.txt'), 'mine');
  await refused({AUDIT_DATA_DIR: folder}, /AUDIT_DATA_DIR/);
  assert.deepEqual(await readdir(join(folder, 'postgres')), ['diary.txt']);
});

test('a PostgreSQL that does not answer', async () => {
  const {server, port} = await listening();
  await new Promise(done => server.close(done));
  await refused({...database(), DB_PORT: String(port)}, /DB_HOST cannot be reached/);
});

test('a PostgreSQL whose name is not known', () =>
  refused({...database(), DB_HOST: 'nowhere.invalid'}, /DB_HOST/));

test('a server that is no PostgreSQL', async () => {
  const server = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await refused({...database(), DB_PORT: String(port)}, /DB_HOST/);
  } finally {
    server.close();
  }
});

test('a wrong password', () => refused({...database(), DB_PASSWORD: 'wrong'}, /DB_PASSWORD is not that of/));

test('a login that there is not', () => refused({...database(), DB_USER: 'nobody'}, /DB_PASSWORD|DB_USER/));

test('a database that there is not', () =>
  refused({...database(), DB_DATABASE: 'missing'}, /DB_DATABASE does not exist/));

test('no database is named', () => refused({...database(), DB_DATABASE: ''}, /DB_DATABASE is missing/));

test('a schema whose name db-migrate would take for another', async () => {
  for (const schema of ['Audit', 'audit trail', '2trails', 'pg_audit']) {
    await refused({...database(), DB_SCHEMA: schema}, /DB_SCHEMA must be/);
  }
});

test('TLS is wanted of a server that has none', () => refused({...database(), DB_SSL: 'true'}, /DB_SSL/));

test('a database that is not migrated, where the service must not migrate it', () =>
  refused({...database(), DB_DATABASE: 'postgres', MIGRATE: 'false'}, /not up to date/));

test('no secret for tokens of a database that is not its own', () =>
  refused({...database(), JWT_SECRET: ''}, /JWT_SECRET is missing/));

test('a secret that is too short, which is not repeated', async () => {
  const folder = await scratch.make();
  const service = serve({AUDIT_DATA_DIR: folder, JWT_SECRET: 'short-and-sweet'});
  assert.equal((await service.ended()).code, 1);
  assert.match(service.errors, /^audit-service: JWT_SECRET must have 32 bytes[^\n]*\n$/);
  assert.doesNotMatch(service.errors, /short-and-sweet/);
});

test('two services on one folder', async () => {
  const folder = await scratch.make();
  const first = serve({AUDIT_DATA_DIR: folder});
  const url = await first.serving();
  const second = serve({AUDIT_DATA_DIR: folder});
  assert.equal((await second.ended()).code, 1);
  assert.match(second.errors, /^audit-service: AUDIT_DATA_DIR [^\n]+ is in use[^\n]*\n$/);
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  assert.deepEqual(await first.end(), {code: 0, signal: null});
});
