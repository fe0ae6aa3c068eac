import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {Summary} from '../../dist/models/summary';
import {eventually} from '../support/eventually';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService({COUNT_INTERVAL_MS: '20'});
  const entries = Array.from({length: 30}, (_, i) => ({
    action: i % 3 === 0 ? 'user.login' : 'order.read',
    actor: `u-${i % 4}`,
    outcome: i % 5 === 0 ? 'failure' : 'success',
    actedAt: new Date(Date.UTC(2026, 0, 1 + (i % 3), i % 24)).toISOString(),
  }));
  const {status, text} = await service.send('/audit-logs/batch', {method: 'POST', body: entries});
  assert.equal(status, 200, text);
});
after(() => service.stop());

const summaryOf = async (query: string): Promise<Summary> => {
  const {status, json, text} = await service.send(`/audit-logs/summary${query}`);
  assert.equal(status, 200, text);
  return json as Summary;
};

test('sums up before entries are counted and after', async () => {
  const before = await summaryOf('');
  assert.equal(before.entries, 30);
  assert.equal(before.failures, 6);
  assert.deepEqual(before.by.action.values, [
    {value: 'order.read', entries: 20, failures: 4},
    {value: 'user.login', entries: 10, failures: 2},
  ]);
  assert.equal(before.histogram.length, 3);
  assert.equal(before.recentFailures.length, 6);
  await eventually('that everything is counted', async () => {
    const {rows} = await service.db.admin.query(
      "SELECT next_leaf FROM audit_counted WHERE tenant_id = 'acme'",
    );
    return rows[0]?.next_leaf === '30' ? true : undefined;
  });
  assert.deepEqual(await summaryOf(''), before);
});

test('sums up what a filter selects, with the bars of a time zone', async () => {
  const summary = await summaryOf('?action=user.*&bucket=month&time_zone=America/New_York&top=1');
  assert.equal(summary.entries, 10);
  assert.deepEqual(
    summary.histogram.map(({at, entries}) => [at, entries]),
    [
      ['2025-12-01T05:00:00.000Z', 4],
      ['2026-01-01T05:00:00.000Z', 6],
    ],
  );
  assert.equal(summary.by.actor.values.length, 1);
  assert.equal(summary.by.actor.others.values, 3);
});

const REFUSED: [query: string, field: string][] = [
  ['bucket=decade', 'bucket'],
  ['timeZone=Mars/Olympus', 'timeZone'],
  ["time_zone='; DROP TABLE audit_logs", 'time_zone'],
  ['top=101', 'top'],
  ['limit=5', 'limit'],
  ['nosuch=1', 'nosuch'],
];
for (const [query, field] of REFUSED) {
  test(`refuses ${query}`, async () => {
    const {status, json, text} = await service.send(
      `/audit-logs/summary?${query.replace(/[' ;]/g, encodeURIComponent)}`,
    );
    assert.equal(status, 400, text);
    assert.equal((json as {error: {details: {field: string}[]}}).error.details[0]?.field, field);
  });
}
