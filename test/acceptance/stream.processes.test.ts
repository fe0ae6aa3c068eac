import assert from 'node:assert/strict';
import {randomInt} from 'node:crypto';
import {after, afterEach, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {type ChildService, startChildService} from '../support/child-service';
import {eventually} from '../support/eventually';
import {FollowedStream} from '../support/followed-stream';
import {ScratchFolders} from '../support/serve-process';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {testToken} from '../support/test-token';
import {WriteLoad} from '../support/write-load';

const KILLS = 6;

let db: TestDatabase;
const scratch = new ScratchFolders();
const running: ChildService[] = [];
before(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  for (const service of running.splice(0)) await service.kill('SIGKILL');
});
after(async () => {
  await db.drop();
  await scratch.remove();
});

async function start(environment: Record<string, string> = {}): Promise<ChildService> {
  const service = await startChildService(db, await scratch.make(), environment);
  running.push(service);
  return service;
}

async function follow(
  service: ChildService,
  tenantId: string,
  lastEventId = 'none',
): Promise<FollowedStream> {
  const token = await testToken({tenantId});
  return FollowedStream.open(`${service.url}/audit-logs/stream`, token, {'last-event-id': lastEventId});
}

const upTo = (count: number) => Array.from({length: count}, (_, i) => i);

test('an entry that one process has stored is streamed by another', async () => {
  const [writer, reader] = [await start(), await start()];
  const stream = await follow(reader, 'shared');
  const token = await testToken({tenantId: 'shared'});
  for (let n = 1; n <= 5; n++) {
    const answer = await writer.send('/audit-logs', {body: {action: 'a.b'}, token});
    assert.equal(answer.status, 200, answer.text);
    const begun = performance.now();
    await stream.until(n);
    const took = performance.now() - begun;
    assert.ok(took < 2_000, `${took} ms`);
  }
  assert.deepEqual(stream.leaves, upTo(5));
  stream.close();
});

test(`a stream that is resumed after each of ${KILLS} times kill -9 at work has everything once and in order`, async () => {
  const tenantId = 'killed';
  const load = new WriteLoad([tenantId]);
  const other = await start();
  const got: {id: string; leaf: number}[] = [];
  let last = 'none';
  const read = (stream: FollowedStream) => {
    for (const {id, leafIndex} of stream.entries) got.push({id, leaf: Number(leafIndex)});
    last = stream.lastEventId ?? last;
    stream.close();
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const service = await start();
    const stream = await follow(service, tenantId, last);
    const stop = new AbortController();
    const writers = [service, service, other].map(({url}) => load.write(tenantId, () => url, stop.signal));
    await sleep(randomInt(50, 500));
    await service.kill('SIGKILL');
    assert.equal(await stream.ended(), 'cut');
    stop.abort();
    await Promise.all(writers);
    read(stream);
  }
  await load.finish(other.url);
  const {rows} = await db.admin.query(
    'SELECT id, leaf_index FROM audit_logs WHERE tenant_id = $1 ORDER BY leaf_index',
    [tenantId],
  );
  const missing = rows.length - got.length;
  assert.ok(got.length > 100, `${got.length} entries came while processes were killed`);
  const stream = await follow(other, tenantId, last);
  await stream.until(missing);
  read(stream);
  assert.deepEqual(
    got,
    rows.map(({id, leaf_index}) => ({id, leaf: Number(leaf_index)})),
  );
});

test('clients that take nothing cost no more memory than a page each, and get everything in the end', async () => {
  const tenantId = 'slow';
  const clients = 8;
  const entries = 360;
  const service = await start();
  const token = await testToken({tenantId});
  const lines = Array.from({length: 60}, () =>
    JSON.stringify({action: 'a.b', after: {x: 'x'.repeat(150_000)}}),
  );
  for (let n = 0; n < entries / lines.length; n++) {
    const headers = {'content-type': 'application/x-ndjson'};
    const answer = await service.send('/audit-logs/batch', {body: lines.join('\n'), headers, token});
    assert.equal(answer.status, 200, answer.text);
  }
  const memory = async () => {
    const {text} = await service.send('/metrics');
    return Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]);
  };
  const before = await memory();
  const streams: FollowedStream[] = [];
  for (let n = 0; n < clients; n++) {
    const stream = await follow(service, tenantId);
    stream.response.pause();
    streams.push(stream);
  }
  let most = 0;
  for (let look = 0; look < 20; look++) {
    most = Math.max(most, await memory());
    await sleep(200);
  }
  // Of each, a first page of 16 entries, as text and as an object, and what the connection takes; not its 54 MB.
  assert.ok(most - before < clients * 20e6, `grew by ${Math.round((most - before) / 1e6)} MB`);
  const [first, ...others] = streams as [FollowedStream, ...FollowedStream[]];
  for (const stream of others) stream.close();
  first.response.resume();
  await first.until(entries);
  assert.deepEqual(first.leaves, upTo(entries));
  first.close();
});

test('a stream outlives a time without its database, and goes on where it was', async () => {
  const service = await start();
  const stream = await follow(service, 'outage');
  const token = await testToken({tenantId: 'outage'});
  const store = () => service.send('/audit-logs', {body: {action: 'a.b'}, token});
  assert.equal((await store()).status, 200);
  await stream.until(1);
  await db.admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [db.settings.database],
  );
  await eventually('entries are stored again', async () =>
    (await store()).status === 200 ? true : undefined,
  );
  await stream.until(2);
  assert.equal(stream.end, undefined);
  assert.deepEqual(stream.leaves, [0, 1]);
  stream.close();
});

test('SIGTERM ends streams at once, whatever time other requests have', async () => {
  const service = await start({SHUTDOWN_GRACE_MS: '60000'});
  const stream = await follow(service, 'stopped');
  await eventually('the stream begins', async () => stream.retry);
  const begun = performance.now();
  assert.deepEqual(await service.kill('SIGTERM'), {code: 0, signal: null}, service.output);
  const took = performance.now() - begun;
  assert.ok(took < 5_000, `${took} ms`);
  assert.equal(await stream.ended(), 'whole');
});
