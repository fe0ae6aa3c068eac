import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {admit} from '../../dist/admission/admit';
import {BUCKETS, DIMENSIONS, type Dimension} from '../../dist/models/summary';
import {NEWEST_FIRST} from '../../dist/query/order';
import {readQuery} from '../../dist/query/parameters';
import {finishArchive, recordArchive, removeArchived} from '../../dist/repositories/archive-rows';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {countNext, uncountedTenants} from '../../dist/repositories/count-entries';
import {leafRow} from '../../dist/repositories/leaf-row';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let auditLogs: AuditTrailRepository;
before(async () => {
  db = await createTestDatabase();
  auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());

const maybe = (...values: string[]) => fc.option(fc.constantFrom(...values), {nil: undefined});

const ENTRY = fc.record(
  {
    action: fc.constantFrom('a.read', 'a.write', 'b.read'),
    actor: fc.constantFrom('ann', 'bob', 'cyd'),
    actedOn: maybe('Order', ''),
    outcome: fc.constantFrom('success', 'failure', 'denied'),
    severity: fc.constantFrom('info', 'high'),
    category: maybe('auth'),
    serviceName: maybe('shop'),
    actedAt: fc
      .tuple(fc.integer({min: 0, max: 3 * 24 * 60}), fc.constantFrom('00.000000', '59.999999'))
      .map(([minutes, seconds]) => {
        const at = new Date(Date.UTC(2026, 2, 28) + minutes * 60_000).toISOString();
        return `${at.slice(0, 17)}${seconds}Z`;
      }),
  },
  {requiredKeys: ['action', 'actor', 'outcome', 'severity', 'actedAt']},
);

const TIMES = [
  '2026-03-28',
  '2026-03-28T00:00:00.000001Z',
  '2026-03-28T22:30:00Z',
  '2026-03-29T00:00:00Z',
  '2026-03-29T00:59:59.999999Z',
  '2026-03-29T23:59:59.999999Z',
  '2026-03-30T00:00:00Z',
  '2026-04-02',
];

const QUERY = fc.record(
  {
    from: fc.constantFrom(...TIMES),
    to: fc.constantFrom(...TIMES),
    action: fc.constantFrom('a.*', 'b.read', 'a.read,b.read'),
    outcome: fc.constantFrom('success', 'failure,denied'),
    severity: fc.constant('>=high'),
    actor: fc.constantFrom('ann', 'nobody'),
    q: fc.constantFrom('-category:auth', 'has:category', 'created:>2026-03-29', 'ann OR outcome:denied'),
    where: fc.constantFrom(
      '{"serviceName":null}',
      '{"actedAt":{"between":["2026-03-28","2026-03-29"]}}',
      '{"or":[]}',
    ),
  },
  {requiredKeys: []},
);

const SHAPE = fc.record({
  bucket: fc.constantFrom(...BUCKETS),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/St_Johns'),
  top: fc.constantFrom(1, 2, 100),
});

const isFailure = ({outcome}: AuditEntry) => outcome !== 'success';

const tallyOf = (entries: AuditEntry[], dimension: Dimension) => {
  const tallies = new Map<string | null, {value: string | null; entries: number; failures: number}>();
  for (const entry of entries) {
    const value = entry[dimension] ?? null;
    const tally = tallies.get(value) ?? {value, entries: 0, failures: 0};
    tally.entries += 1;
    if (isFailure(entry)) tally.failures += 1;
    tallies.set(value, tally);
  }
  return tallies;
};

/** Stores entries, counts and archives some of them in any order, and asks; each tenant is one history. */
async function history(tenantId: string, steps: readonly ('store' | 'count' | 'archive')[]): Promise<void> {
  const bearer = {tenantId, actor: 'tester', actorType: 'user'} as const;
  for (const step of steps) {
    if (step === 'store') {
      const rows = fc.sample(ENTRY, 25).map(entry => leafRow(admit({...entry, id: randomUUID()}, bearer)));
      await auditLogs.createAll(tenantId, rows);
    } else if (step === 'count') await countNext(db.database, tenantId);
    else await archiveSome(tenantId);
  }
}

async function archiveSome(tenantId: string): Promise<void> {
  const {entries} = await auditLogs.find(tenantId, readQuery(tenantId, {}).selection, 1_000);
  const leaving = entries.filter((_, i) => i % 3 === 0);
  const [first] = leaving;
  if (!first) return;
  const row = {
    ...{
      id: randomUUID(),
      tenantId,
      fileName: randomUUID(),
      filterUsed: {},
      format: 'csv.gz',
      entries: leaving.length,
    },
    ...{firstActedAt: first.actedAt, lastActedAt: first.actedAt, firstLeaf: undefined, lastLeaf: undefined},
    ...{bytes: 1, sha256: '00', requestedBy: 'tester'},
  };
  await db.database.transaction({role: 'audit_writer', tenantId}, async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, leaving);
    await finishArchive(session, row);
  });
}

test('a summary is what counting the entries one by one gives, whatever has been counted before and archived since', async () => {
  const steps = fc.array(fc.constantFrom('store' as const, 'count' as const, 'archive' as const), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.tuple(QUERY, SHAPE), {minLength: 6, maxLength: 6}),
      async (done, questions) => {
        const tenantId = randomUUID();
        await history(tenantId, done);
        for (const [query, shape] of questions) {
          if (query.from !== undefined && query.to !== undefined && query.from > query.to) continue;
          const {condition} = readQuery(tenantId, query).selection;
          const {entries} = await auditLogs.find(tenantId, {condition, order: NEWEST_FIRST}, 1_000);
          const summary = await auditLogs.summary(tenantId, condition, shape);
          assert.equal(summary.entries, entries.length);
          assert.equal(summary.failures, entries.filter(isFailure).length);
          assert.equal(summary.last, entries.at(0)?.actedAt ?? null);
          assert.equal(summary.first, entries.at(-1)?.actedAt ?? null);
          assert.deepEqual(summary.recentFailures, entries.filter(isFailure).slice(0, 10));
          for (const dimension of DIMENSIONS) {
            const tallies = tallyOf(entries, dimension);
            const {values, others} = summary.by[dimension];
            assert.equal(values.length, Math.min(shape.top, tallies.size));
            for (const tally of values) assert.deepEqual(tally, tallies.get(tally.value));
            const shown = values.reduce((sum, tally) => sum + tally.entries, 0);
            assert.deepEqual(others, {values: tallies.size - values.length, entries: entries.length - shown});
          }
          await checkHistogram(entries, summary.histogram, shape);
        }
      },
    ),
    {numRuns: 40},
  );
});

async function checkHistogram(
  entries: AuditEntry[],
  histogram: {at: string; entries: number; failures: number}[],
  {bucket, timeZone}: {bucket: string; timeZone: string},
): Promise<void> {
  const {rows} = await db.admin.query(
    `SELECT extract(epoch FROM date_trunc($1, at::timestamptz, $2))::float8 AS bar, count(*)::int AS entries FROM unnest($3::text[]) at GROUP BY 1 ORDER BY 1`,
    [bucket, timeZone, entries.map(({actedAt}) => actedAt)],
  );
  assert.deepEqual(
    histogram.map(({at, entries: count}) => ({bar: Date.parse(at) / 1000, entries: count})),
    rows,
  );
}

test('entries are counted once, by whichever process comes first', async () => {
  const tenantId = 'counted-once';
  await history(tenantId, ['store', 'store', 'store']);
  assert.ok((await uncountedTenants(db.database)).includes(tenantId));
  await Promise.all(Array.from({length: 8}, () => countNext(db.database, tenantId)));
  assert.ok(!(await uncountedTenants(db.database)).includes(tenantId));
  const {rows} = await db.admin.query(
    'SELECT cube, sum(entries)::int AS entries FROM audit_counts WHERE tenant_id = $1 GROUP BY 1 ORDER BY 1',
    [tenantId],
  );
  assert.deepEqual(
    rows,
    ['actor-day', 'kind-day', 'kind-hour', 'outcome-hour'].map(cube => ({cube, entries: 75})),
  );
});

test('counts of entries that have all been archived are gone', async () => {
  const tenantId = 'all-archived';
  await history(tenantId, ['store', 'count', ...Array<'archive'>(20).fill('archive')]);
  const {rows} = await db.admin.query('SELECT FROM audit_counts WHERE tenant_id = $1', [tenantId]);
  assert.equal(rows.length, 0);
});

test('entries that come after a tenant was counted for the first time are not passed over', async () => {
  const tenantId = 'counted-early';
  await history(tenantId, ['count', 'store']);
  const {condition} = readQuery(tenantId, {}).selection;
  const summary = await auditLogs.summary(tenantId, condition, {bucket: 'day', timeZone: 'UTC', top: 1});
  assert.equal(summary.entries, 25);
});

test('days of half-hour zones begin when they do before anything is counted, and after', async () => {
  const tenantId = 'half-hours';
  const bearer = {tenantId, actor: 'tester', actorType: 'user'} as const;
  await auditLogs.createAll(tenantId, [
    leafRow(admit({action: 'a', actedAt: '2026-04-01T18:45:00Z'}, bearer)),
  ]);
  const {condition} = readQuery(tenantId, {}).selection;
  for (let counted = 0; counted < 2; counted++) {
    for (const bucket of ['day', 'hour'] as const) {
      const {histogram} = await auditLogs.summary(tenantId, condition, {
        bucket,
        timeZone: 'Asia/Kolkata',
        top: 1,
      });
      assert.deepEqual(histogram, [{at: '2026-04-01T18:30:00.000Z', entries: 1, failures: 0}]);
    }
    await countNext(db.database, tenantId);
  }
});

test("a tenant's counts are its own", async () => {
  await history('ours', ['store', 'count']);
  const {condition} = readQuery('theirs', {}).selection;
  const summary = await auditLogs.summary('theirs', condition, {bucket: 'day', timeZone: 'UTC', top: 10});
  assert.equal(summary.entries, 0);
  assert.deepEqual(summary.by.action.values, []);
});
