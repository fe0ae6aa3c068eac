import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {pino} from 'pino';
import {admit} from '../../dist/admission/admit';
import {PartitionKeeper} from '../../dist/jobs/partition-keeper';
import {NEWEST_FIRST} from '../../dist/query/order';
import {readWhere} from '../../dist/query/where';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {leafRow} from '../../dist/repositories/leaf-row';
import {splitDefaultPartition} from '../../dist/repositories/partitions';
import {eventually} from '../support/eventually';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let auditLogs: AuditTrailRepository;
before(async () => {
  db = await createTestDatabase();
  auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());

const BEARER = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;

const store = (month: string, count: number) =>
  auditLogs.createAll(
    'acme',
    Array.from({length: count}, (_, i) =>
      leafRow(
        admit(
          {action: month, actedAt: `${month}-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z`},
          BEARER,
        ),
      ),
    ),
  );

/** Stores entries of a month while its partition cannot be made: somebody reads the default partition. */
async function storeInDefault(month: string, count: number): Promise<void> {
  const reader = await db.admin.connect();
  try {
    await reader.query('BEGIN; SELECT FROM audit_logs_default');
    await store(month, count);
  } finally {
    await reader.query('ROLLBACK');
    reader.release();
  }
}

const inPartition = async (partition: string, month: string): Promise<number> => {
  const {rows} = await db.admin.query(`SELECT count(*)::int AS count FROM ${partition} WHERE action = $1`, [
    month,
  ]);
  return rows[0].count;
};

const found = async (month: string) =>
  (await auditLogs.find('acme', {condition: readWhere({action: month}), order: NEWEST_FIRST}, 1_000)).entries;

test('entries of the default partition move to that of their month, and nothing else changes', async () => {
  await storeInDefault('2021-03', 40);
  await storeInDefault('2021-05', 10);
  assert.equal(await inPartition('audit_logs_default', '2021-03'), 40);
  const before = await found('2021-03');
  assert.equal(await splitDefaultPartition(db.database), 'audit_logs_2021_03');
  assert.equal(await splitDefaultPartition(db.database), 'audit_logs_2021_05');
  assert.equal(await splitDefaultPartition(db.database), undefined);
  assert.equal(await inPartition('audit_logs_default', '2021-03'), 0);
  assert.equal(await inPartition('audit_logs_2021_03', '2021-03'), 40);
  assert.deepEqual(await found('2021-03'), before);
});

test('the partition that they moved to takes further entries, by this process too, and stays append-only', async () => {
  await storeInDefault('2021-07', 5);
  await splitDefaultPartition(db.database);
  await store('2021-07', 5);
  assert.equal(await inPartition('audit_logs_2021_07', '2021-07'), 10);
  for (const sql of ['DELETE FROM audit_logs_2021_07', 'UPDATE audit_logs_2021_07 SET actor = $$x$$']) {
    await assert.rejects(db.admin.query(`SET ROLE audit_owner; ${sql}`), /append-only/);
    await db.admin.query('RESET ROLE');
  }
});

test('what is stored while a month moves is neither lost nor twice there', async () => {
  await storeInDefault('2021-09', 2_000);
  let stored = 2_000;
  const writing = (async () => {
    for (let i = 0; i < 20; i++) {
      await store('2021-09', 10);
      stored += 10;
      await sleep(1);
    }
  })();
  await splitDefaultPartition(db.database);
  await writing;
  const {rows} = await db.admin.query(
    'SELECT count(*)::int AS count, count(DISTINCT leaf_index)::int AS leaves FROM audit_logs WHERE action = $1',
    ['2021-09'],
  );
  assert.deepEqual(rows, [{count: stored, leaves: stored}]);
});

test('a month that somebody reads is left for later', async () => {
  await storeInDefault('2021-11', 3);
  const reader = await db.admin.connect();
  try {
    await reader.query('BEGIN; SELECT FROM audit_logs_default');
    assert.equal(await splitDefaultPartition(db.database), undefined);
  } finally {
    await reader.query('ROLLBACK');
    reader.release();
  }
  assert.equal(await inPartition('audit_logs_default', '2021-11'), 3);
});

test('the keeper makes partitions ahead and empties the default one', async () => {
  const keeper = new PartitionKeeper(db.database, pino({level: 'silent'}));
  keeper.start();
  const now = new Date();
  const names = [0, 1, 2].map(ahead =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead))
      .toISOString()
      .slice(0, 7)
      .replace('-', '_'),
  );
  await eventually('that the default partition is empty and the months are there', async () => {
    const {rows} = await db.admin.query(
      "SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'audit_logs'::regclass",
    );
    const there = new Set(rows.map(({relname}) => relname));
    const isEmpty = (await inPartition('audit_logs_default', '2021-11')) === 0;
    return isEmpty && names.every(name => there.has(`audit_logs_${name}`)) ? true : undefined;
  });
  await keeper.stop();
});
