import assert from 'node:assert/strict';
import {randomInt, randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {type ChildService, startChildService} from '../support/child-service';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {assertExactlyOnce, whereabouts} from '../support/whereabouts';

const ROUNDS = 10;
const ENTRIES = 1_500;
const SETTINGS = {JOB_LEASE_MS: '1000'};

let db: TestDatabase;
let folder: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-kill-'));
});
after(async () => {
  await db?.drop();
  await rm(folder, {recursive: true, force: true});
});

const sent = new Set<string>();
const acknowledged = new Set<string>();

const newEntry = () => {
  const entry = {id: randomUUID(), action: 'a.b', actedOn: 'order', reason: 'x'.repeat(500)};
  sent.add(entry.id);
  return entry;
};

async function fill(service: ChildService): Promise<void> {
  const entries = Array.from({length: ENTRIES}, newEntry);
  const answer = await service.send('/audit-logs/batch', {body: entries});
  assert.equal(answer.status, 200, answer.text);
  for (const {id} of entries) acknowledged.add(id);
}

/** Posts entries that the archive's filter selects, until the service is gone. */
async function postOn(service: ChildService): Promise<void> {
  while (!service.hasEnded) {
    const entry = newEntry();
    const answer = await service.send('/audit-logs', {body: entry}).catch(() => undefined);
    if (answer?.status === 200) acknowledged.add(entry.id);
  }
}

async function jobsEnded(signal: AbortSignal): Promise<void> {
  for (;;) {
    const {rows} = await db.admin.query("SELECT FROM jobs WHERE status IN ('PENDING', 'RUNNING')");
    if (rows.length === 0) return;
    await sleep(100, undefined, {signal});
  }
}

test('a service that is killed at any moment of an archive loses no entry and doubles none', {
  timeout: 120_000,
}, async t => {
  const moments: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const service = await startChildService(db, folder, SETTINGS);
    await jobsEnded(t.signal);
    await fill(service);
    const posting = [postOn(service), postOn(service)];
    const archiving = service
      .send('/audit-logs/archive', {body: {actedOn: 'order'}, headers: {prefer: 'respond-async'}})
      .catch(() => undefined);
    const moment = randomInt(10, 50 + round * 40);
    moments.push(moment);
    await sleep(moment);
    await service.kill('SIGKILL');
    await Promise.all([...posting, archiving]);
  }
  t.diagnostic(`killed after ${moments.join(', ')} ms`);

  const last = await startChildService(db, folder, SETTINGS);
  await jobsEnded(t.signal);
  assert.deepEqual(await last.kill('SIGTERM'), {code: 0, signal: null}, last.output);

  assertExactlyOnce(await whereabouts(db, new FilesystemStore(join(folder, 'objects'))), acknowledged, sent);
  const {rows} = await db.admin.query('SELECT status, error, attempts FROM jobs');
  assert.deepEqual(
    rows.filter(job => job.status !== 'COMPLETED'),
    [],
  );
  assert.ok(
    rows.some(job => job.attempts > 1),
    'no kill has hit a job',
  );
});
