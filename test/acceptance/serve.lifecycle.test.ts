import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {generateKeyPairSync} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {request} from 'node:http';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {promisify} from 'node:util';
import {Client} from 'pg';
import type {AuditEntry} from '../../dist';
import {startEmbeddedPostgres} from '../../dist/embedded/embedded-postgres';
import {notesOf} from '../../dist/integrity/note-file';
import {eventually} from '../support/eventually';
import {postgresProcesses} from '../support/postgres-processes';
import {send} from '../support/send';
import {endAll, ScratchFolders, type ServeProcess, serve} from '../support/serve-process';

const execute = promisify(execFile);
const scratch = new ScratchFolders();
after(async () => {
  await endAll();
  await scratch.remove();
});

/** The token in the curl line that the service has printed. */
const tokenOf = (service: ServeProcess): string => /Bearer ([^']+)'/.exec(service.curl())?.[1] ?? '';

const LEFT_WELL = {code: 0, signal: null};

test('the first start makes everything and prints an address, an explorer and a curl line that work', async () => {
  const folder = await scratch.make();
  const service = serve({AUDIT_DATA_DIR: folder});
  const url = await service.serving();
  assert.equal(service.errors, '');

  const {stdout} = await execute('sh', ['-c', `${service.curl()} --silent --show-error --fail`]);
  assert.deepEqual(JSON.parse(stdout), []);
  const [, explorer = ''] = /^Explorer: (\S+)$/m.exec(service.output) ?? [];
  assert.equal(explorer, `${url}/explorer`);
  const page = await send(explorer);
  assert.equal(page.status, 200);
  assert.match(page.text, /swagger/i);
  assert.equal((await send(`${url}/ready`)).status, 200);
  assert.deepEqual(await service.end(), LEFT_WELL);
});

test('the second start keeps what was recorded, and the token of the first still opens it', async () => {
  const folder = await scratch.make();
  const first = serve({AUDIT_DATA_DIR: folder});
  const body = {action: 'door.open'};
  const posted = await send(`${await first.serving()}/audit-logs`, {body, token: tokenOf(first)});
  await first.end();
  assert.match(first.output, /signed with a key that was made for this folder/);
  const kept = notesOf(await readFile(join(folder, 'checkpoints.txt'), 'utf8'));
  assert.deepEqual(
    kept.map(({size}) => size),
    [1],
    'its checkpoint is kept outside of the database',
  );

  const key = generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString();
  const second = serve({AUDIT_DATA_DIR: folder, SIGNING_KEY: key});
  const {id} = posted.json as AuditEntry;
  const found = await send(`${await second.serving()}/audit-logs/${id}`, {token: tokenOf(first)});
  assert.deepEqual(found.json, posted.json);
  assert.match(second.output, /signed with the key of the settings/);
  await second.end();
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends the service well and leaves no PostgreSQL behind`, async () => {
    const folder = await scratch.make();
    const service = serve({AUDIT_DATA_DIR: folder});
    await service.serving();
    assert.notDeepEqual(await postgresProcesses(folder), []);
    assert.deepEqual(await service.end(signal), LEFT_WELL);
    assert.deepEqual(await postgresProcesses(folder), []);
    assert.equal(service.errors, '');
  });
}

test('SIGTERM during the start leaves no PostgreSQL behind', async () => {
  const folder = await scratch.make();
  const service = serve({AUDIT_DATA_DIR: folder});
  await eventually('PostgreSQL runs', async () => ((await postgresProcesses(folder))[0] ? true : undefined));
  assert.deepEqual(await service.end(), LEFT_WELL);
  assert.deepEqual(await postgresProcesses(folder), []);
});

test('SIGTERM lets a request that is under way finish, and takes no other', async () => {
  const service = serve({AUDIT_DATA_DIR: await scratch.make()});
  const url = await service.serving();
  const headers = {authorization: `Bearer ${tokenOf(service)}`, 'content-type': 'application/json'};
  const body = JSON.stringify({action: 'door.close'});
  const half = request(`${url}/audit-logs`, {
    method: 'POST',
    headers: {...headers, 'content-length': body.length},
  });
  half.write(body.slice(0, 5));
  await new Promise<void>(sent => half.once('socket', socket => socket.once('connect', sent)));
  const ended = service.end('SIGTERM');
  await eventually('the service listens no longer', () =>
    fetch(`${url}/health`).then(
      () => undefined,
      () => true,
    ),
  );
  const answer = new Promise<number | undefined>((done, fail) => {
    half.once('response', response => done(response.resume().statusCode));
    half.once('error', fail);
  });
  half.end(body.slice(5));
  assert.equal(await answer, 200);
  assert.deepEqual(await ended, LEFT_WELL);
});

test('the start after kill -9 stops the PostgreSQL that was left, and has every answered entry', async () => {
  const folder = await scratch.make();
  const first = serve({AUDIT_DATA_DIR: folder});
  const url = await first.serving();
  const answers = await Promise.all(
    Array.from({length: 20}, (_, n) =>
      send(`${url}/audit-logs`, {body: {action: 'door.open', entityId: `${n}`}, token: tokenOf(first)}),
    ),
  );
  await first.end('SIGKILL');
  const orphans = await postgresProcesses(folder);
  assert.notDeepEqual(orphans, []);

  const second = serve({AUDIT_DATA_DIR: folder});
  const again = await second.serving();
  const found = await send(`${again}/audit-logs?limit=100`, {token: tokenOf(first)});
  const ids = (entries: unknown) => (entries as AuditEntry[]).map(({id}) => id).sort();
  assert.deepEqual(ids(found.json), ids(answers.map(({json}) => json)));
  const running = await postgresProcesses(folder);
  assert.equal(
    orphans.some(orphan => running.includes(orphan)),
    false,
  );
  assert.deepEqual(await second.end(), LEFT_WELL);
});

test('a job under way is given back at SIGTERM, and the next start completes it', async () => {
  const folder = await scratch.make();
  const first = serve({AUDIT_DATA_DIR: folder});
  const url = await first.serving();
  const line = `${JSON.stringify({action: 'door.open', description: 'x'.repeat(500)})}\n`;
  for (let batch = 0; batch < 4; batch++) {
    const headers = {'content-type': 'application/x-ndjson'};
    const body = line.repeat(10_000);
    const stored = await send(`${url}/audit-logs/batch`, {headers, body, token: tokenOf(first)});
    assert.equal(stored.status, 200, stored.text);
  }
  const asked = await send(`${url}/audit-logs?includeArchivedLogs=true`, {token: tokenOf(first)});
  const {jobId} = asked.json as {jobId: string};
  const job = async (at: string) =>
    (await send(`${at}/audit-logs/jobs/${jobId}`, {token: tokenOf(first)})).json as {
      status: string;
      result?: unknown[];
    };
  await eventually('the job runs', async () => ((await job(url)).status === 'RUNNING' ? true : undefined));
  assert.deepEqual(await first.end(), LEFT_WELL);

  const postgres = await startEmbeddedPostgres(folder);
  const {ssl: _ssl, ...connection} = postgres.settings;
  const admin = new Client(connection);
  await admin.connect();
  const left = await admin.query('SELECT status, worker, attempts FROM jobs WHERE id = $1', [jobId]);
  await admin.end();
  await postgres.stop();
  assert.deepEqual(left.rows, [{status: 'PENDING', worker: null, attempts: 0}]);

  const second = serve({AUDIT_DATA_DIR: folder});
  const again = await second.serving();
  const done = await eventually('the job is completed', async () => {
    const now = await job(again);
    return now.status === 'COMPLETED' ? now : undefined;
  });
  assert.equal(done.result?.length, 40_000);
  assert.deepEqual(await second.end(), LEFT_WELL);
});
