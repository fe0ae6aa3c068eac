import assert from 'node:assert/strict';
import {readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {AuditServiceBindings} from '../../dist/keys';
import {assertRefused} from '../support/bad-request';
import {HookedStore} from '../support/hooked-store';
import {startTestService, type TestService} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';
import {assertExactlyOnce, whereabouts} from '../support/whereabouts';

const ENTRIES = 700;

let service: TestService;
let folder: string;
let store: HookedStore;
let ids: Set<string>;

beforeEach(async () => {
  service = await startTestService({}, (app, settings) => {
    folder = join(settings.dataDir, 'objects');
    store = new HookedStore(new FilesystemStore(folder));
    app.bind(AuditServiceBindings.OBJECT_STORE).to(store);
  });
  ids = new Set();
  const entries = Array.from({length: ENTRIES}, (_, i) => newEntry(String(i)));
  const answer = await service.send('/audit-logs/batch', {body: entries});
  assert.equal(answer.status, 200, answer.text);
});
afterEach(() => service.stop());

function newEntry(entityId: string) {
  const id = crypto.randomUUID();
  ids.add(id);
  return {id, action: 'a.b', actedOn: 'order', entityId, reason: crypto.randomUUID().repeat(20)};
}

const archiveOrders = () => service.send('/audit-logs/archive', {body: {actedOn: 'order'}});
const inOnePlace = async () =>
  assertExactlyOnce(await whereabouts(service.db, new FilesystemStore(folder)), ids, ids);

async function submitArchive(): Promise<string> {
  const answer = await service.send('/audit-logs/archive', {
    ...{body: {actedOn: 'order'}, headers: {prefer: 'respond-async'}},
  });
  assert.equal(answer.status, 202, answer.text);
  return (answer.json as {jobId: string}).jobId;
}

async function nothingRemoved(): Promise<void> {
  const {stored, archived} = await whereabouts(service.db, store);
  assert.equal(stored.size, ids.size);
  assert.equal(archived.size, 0);
}

/** Changes one byte of a stored object, behind the store's back. */
async function flipByte(key: string): Promise<void> {
  const path = join(folder, key);
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await rm(path);
  await writeFile(path, bytes);
}

/** Breaks every connection to the database but the administrator's own. */
const breakConnections = () =>
  service.db.admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );

describe('nothing is removed', () => {
  test('when the object was altered between its writing and its proof', async () => {
    store.onStored = flipByte;
    assertRefused(await archiveOrders(), {status: 500, code: 'ARCHIVE_MISMATCH', field: 'body'});
    await nothingRemoved();
    const objects = [];
    for await (const object of store.list('archives/')) objects.push(object);
    assert.deepEqual(objects, [], 'the altered object is cleared away');
  });

  test('when the object was altered between its proof and the removal', async () => {
    store.onRead = async (key, before) => {
      if (before === 2) await flipByte(key);
    };
    assertRefused(await archiveOrders(), {status: 500, code: 'ARCHIVE_MISMATCH', field: 'body'});
    await nothingRemoved();
  });

  test('when the object vanished between its writing and its proof', async () => {
    store.onStored = key => rm(join(folder, key));
    assertRefused(await archiveOrders(), {status: 404, code: 'OBJECT_NOT_FOUND', field: 'body'});
    await nothingRemoved();
  });

  test('when the store fails; the job says why, and goes on once the store is back', async () => {
    await store.check();
    await rename(folder, `${folder}.away`);
    const jobId = await submitArchive();
    const failure = await failureOf(jobId);
    assert.equal(failure.code, 'STORE_FAILED');
    await nothingRemoved();
    await rename(`${folder}.away`, folder);
    const job = await endedJob(service.send, jobId);
    assert.equal(job.status, 'COMPLETED');
    assert.equal(job.error, undefined);
    await inOnePlace();
  });
});

/** Waits until an attempt of a job has failed. */
async function failureOf(jobId: string): Promise<{code: string; message: string}> {
  for (;;) {
    const {rows} = await service.db.admin.query('SELECT error FROM jobs WHERE id = $1', [jobId]);
    if (rows[0].error) return rows[0].error;
    await sleep(20);
  }
}

describe('the archive is done in the end, and every entry is in one place', () => {
  test('when the connections break while the file is written', async () => {
    let broken = false;
    store.onFirstBytes = async () => {
      if (!broken) await breakConnections();
      broken = true;
    };
    assert.equal((await endedJob(service.send, await submitArchive())).status, 'COMPLETED');
    assert.ok(broken);
    await inOnePlace();
  });

  test('when the connections break while entries are removed', async () => {
    let broken = false;
    store.onRead = async (_key, before) => {
      if (before === 2 && !broken) {
        broken = true;
        await breakConnections();
      }
    };
    assert.equal((await endedJob(service.send, await submitArchive())).status, 'COMPLETED');
    assert.ok(broken);
    await inOnePlace();
  });

  test('when entries arrive meanwhile: they stay', async () => {
    const late: string[] = [];
    store.onFirstBytes = async () => {
      const posted = await service.send('/audit-logs', {body: newEntry('late')});
      late.push((posted.json as AuditEntry).id);
    };
    store.onStored = store.onFirstBytes;
    const answer = await archiveOrders();
    assert.equal((answer.json as {numberOfEntriesArchived: number}).numberOfEntriesArchived, ENTRIES);
    const {stored} = await whereabouts(service.db, store);
    assert.deepEqual([...stored.keys()].sort(), late.sort());
    assert.equal(late.length, 2);
    await inOnePlace();
  });

  test('when several archives of overlapping sets are asked for at once', async () => {
    const bodies = [
      {actedOn: 'order'},
      {actedOnList: ['order', 'bill']},
      {entityId: '5'},
      {actedOn: 'order'},
    ];
    const answers = await Promise.all(bodies.map(body => service.send('/audit-logs/archive', {body})));
    const counts = answers.map(({status, json}) =>
      status === 200 ? (json as {numberOfEntriesArchived: number}).numberOfEntriesArchived : 0,
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      ENTRIES,
      JSON.stringify(answers.map(answer => answer.json)),
    );
    await inOnePlace();
  });
});
