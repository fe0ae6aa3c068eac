import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {startTestService, type TestService} from '../support/test-service';

const ENTRIES = 60_000;

let service: TestService;
before(async () => {
  service = await startTestService({EXPORT_CONCURRENCY: '2', DB_POOL_MAX: '4'});
  await service.db.admin.query(
    `INSERT INTO audit_logs (id, tenant_id, action, acted_at, actor, actor_type, outcome, severity, reason)
     SELECT gen_random_uuid(), 'acme', 'a.b', '2026-01-01'::timestamptz + n * interval '1 ms', 'tester', 'user', 'success',
            'info', repeat('x', 500)
       FROM generate_series(1, $1) n`,
    [ENTRIES],
  );
});
after(() => service.stop());

/** Sends a request for an export, waits for its first bytes or not, and goes away. */
async function abandon(
  format: string,
  when: 'after the first bytes' | 'before an answer',
  signal: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  const asked = fetch(`${service.url}/audit-logs/export?format=${format}`, {
    headers: {authorization: `Bearer ${await service.token()}`},
    signal: gone.signal,
  });
  if (when === 'after the first bytes') {
    const response = await asked;
    assert.equal(response.status, 200);
    await response.body?.getReader().read();
    gone.abort();
  } else {
    while (!(await isWaiting())) await sleep(20, undefined, {signal});
    gone.abort();
    await assert.rejects(asked);
  }
}

const busy = async (): Promise<object[]> => {
  const {rows} = await service.db.admin.query(
    `SELECT state, wait_event_type, query FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
  );
  return rows;
};

/** Whether a statement of the service waits for a lock. */
const isWaiting = async (): Promise<boolean> =>
  (await busy()).some(row => 'wait_event_type' in row && row.wait_event_type === 'Lock');

/** Waits until no statement of the service is under way, and no transaction open. */
async function quiet(signal: AbortSignal): Promise<void> {
  while ((await busy()).length > 0) await sleep(20, undefined, {signal});
}

for (const format of ['csv', 'ndjson', 'json', 'xlsx']) {
  test(`a client that goes away stops the query of its export as ${format}`, {timeout: 20_000}, async t => {
    for (let i = 0; i < 5; i++) {
      await abandon(format, 'after the first bytes', t.signal);
      await quiet(t.signal);
    }
  });
}

test('a client that goes away before the first entry stops the query too', {timeout: 20_000}, async t => {
  const lock = await service.db.admin.connect();
  try {
    await lock.query('BEGIN; LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE');
    for (let i = 0; i < 3; i++) {
      await abandon('csv', 'before an answer', t.signal);
      while ((await busy()).some(row => 'wait_event_type' in row && row.wait_event_type === 'Lock'))
        await sleep(20);
    }
  } finally {
    await lock.query('ROLLBACK');
    lock.release();
  }
  await quiet(t.signal);
});

test('after all of them an export is whole, and others find what they ask for', async () => {
  const [exported, found] = await Promise.all([
    service.send('/audit-logs/export?format=ndjson'),
    service.send('/audit-logs/count'),
  ]);
  assert.equal(exported.text.trim().split('\n').length, ENTRIES);
  assert.deepEqual(found.json, {count: ENTRIES, relation: 'eq'});
});
