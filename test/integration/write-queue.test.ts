import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {admit} from '../../dist/admission/admit';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {DEFAULT_WRITE_LIMITS, type WriteLimits, WriteQueue} from '../../dist/repositories/write-queue';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let trail: AuditTrailRepository;
before(async () => {
  db = await createTestDatabase();
  trail = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());

const entry = (tenantId: string, input: object = {}) =>
  admit({action: 'a.b', ...input}, {tenantId, actor: 'jane', actorType: 'user'});
const transactionsOf = async (tenantId: string): Promise<number> =>
  (
    await db.admin.query('SELECT count(DISTINCT xmin::text)::int AS n FROM audit_logs WHERE tenant_id = $1', [
      tenantId,
    ])
  ).rows[0].n;

describe('entries that come at the same time', () => {
  test('share transactions, and each is answered with its own receipt', async () => {
    const entries = Array.from({length: 600}, (_, i) => entry('acme', {entityId: String(i)}));
    const receipts = await Promise.all(entries.map(each => trail.create('acme', each)));
    for (const [i, receipt] of receipts.entries()) {
      assert.equal(receipt.id, entries[i]?.entry.id);
      assert.equal(receipt.entityId, String(i));
    }
    assert.equal(new Set(receipts.map(({leafIndex}) => leafIndex)).size, 600);
    assert.ok((await transactionsOf('acme')) <= 10, 'few transactions for many entries');
  });

  test('fail alone: one that conflicts takes no other with it', async () => {
    const id = randomUUID();
    await trail.create('rival', entry('rival', {id}));
    const results = await Promise.allSettled([
      ...Array.from({length: 20}, () => trail.create('rival', entry('rival'))),
      trail.create('rival', entry('rival', {id, reason: 'another'})),
      ...Array.from({length: 20}, () => trail.create('rival', entry('rival'))),
      trail.create('rival', entry('rival', {id})),
    ]);
    const refused = results.filter(({status}) => status === 'rejected') as PromiseRejectedResult[];
    assert.deepEqual(
      refused.map(({reason}) => reason.code),
      ['ID_CONFLICT'],
    );
    const {rows} = await db.admin.query(
      "SELECT count(*)::int AS n, max(leaf_index)::int AS last FROM audit_logs WHERE tenant_id = 'rival'",
    );
    assert.deepEqual(rows, [{n: 41, last: 40}]);
  });

  test('fail alone also where it is the database that refuses one of them', async () => {
    const queue = new WriteQueue<number, number>(async (tenantId, divisors) => {
      await db.database.transaction({role: 'audit_reader', tenantId}, session =>
        session.rows('SELECT 1 / n FROM unnest($1::int[]) AS n', [divisors]),
      );
      return divisors;
    });
    const results = await Promise.allSettled(
      [1, 2, 3, 0, 5, 6, 0, 7].map(item => queue.append('poison', {item, entries: 1, length: 1})),
    );
    assert.deepEqual(
      results.map(result => (result.status === 'fulfilled' ? result.value : 'refused')),
      [1, 2, 3, 'refused', 5, 6, 'refused', 7],
    );
  });

  test('one id, many times at once, is one entry with one receipt', async () => {
    const id = randomUUID();
    const receipts = await Promise.all(
      Array.from({length: 50}, () => trail.create('same', entry('same', {id}))),
    );
    for (const receipt of receipts) assert.deepEqual(receipt, receipts[0]);
  });

  test('go in groups that are bounded in entries and in length, a single large one by itself', async () => {
    const {queue, groups} = recorded({group: {entries: 3, length: 2_000}});
    const amounts = [1, 1, 1, 1, 1, 5_000, 1, 5_000].map(length => ({item: length, entries: 1, length}));
    await Promise.all(amounts.map(each => queue.append('t', each)));
    assert.deepEqual(groups, [[1], [1, 1, 1], [1], [5_000], [1], [5_000]]);
    groups.length = 0;
    const batches = [2, 2, 1, 7, 1, 1].map(entries => ({item: entries, entries, length: entries}));
    await Promise.all(batches.map(each => queue.append('t', each)));
    assert.deepEqual(groups, [[2], [2, 1], [7], [1, 1]]);
  });

  test('share nothing with one that must be alone, whatever stands before or behind it', async () => {
    const {queue, groups} = recorded({});
    const writes = [1, 2, 3, 4, 5].map(item => ({
      item,
      entries: item === 2 ? 0 : 1,
      length: 1,
      isAlone: item === 3,
    }));
    await Promise.all(writes.map(each => queue.append('t', each)));
    assert.deepEqual(groups, [[1], [2], [3], [4, 5]]);
  });

  test('of which too many wait are refused, and there is room again afterwards', async () => {
    for (const waiting of [
      {entries: 5, length: 10_000},
      {entries: 1_000, length: 50},
    ]) {
      const {queue, release} = held({waiting});
      const accepted = Array.from({length: 5}, () => queue.append('busy', one));
      await assert.rejects(queue.append('busy', one), {code: 'OVERLOADED', statusCode: 503});
      await assert.rejects(queue.append('other', one), {code: 'OVERLOADED'});
      release();
      await Promise.all(accepted);
      await queue.append('busy', one);
    }
  });

  test('do not hang behind a transaction that hangs', async () => {
    const {queue, release} = held({waitMs: 100});
    const first = queue.append('busy', one);
    await assert.rejects(queue.append('busy', one), {code: 'OVERLOADED'});
    release();
    await first;
    await queue.append('busy', one);
  });

  test('of different tenants go side by side, so many at once and no more, each tenant in its turn', async () => {
    const under = new Map<string, number>();
    let most = 0;
    const queue = new WriteQueue<number, number>(
      async (tenantId, items) => {
        under.set(tenantId, (under.get(tenantId) ?? 0) + 1);
        assert.equal(under.get(tenantId), 1, 'one transaction for each tenant');
        most = Math.max(most, under.size);
        await sleep(5);
        under.delete(tenantId);
        return items;
      },
      {...DEFAULT_WRITE_LIMITS, group: {entries: 2, length: 1_000}, transactions: 3},
    );
    await Promise.all(Array.from({length: 60}, (_, i) => queue.append(`tenant-${i % 10}`, one)));
    assert.equal(most, 3);
    await queue.drained();
  });

  test('are all stored when the queue says that it is drained', async () => {
    let stored = 0;
    const queue = new WriteQueue<number, number>(
      async (_tenant, items) => {
        await sleep(1);
        stored += items.length;
        return items;
      },
      {...DEFAULT_WRITE_LIMITS, group: {entries: 1, length: 1}},
    );
    const all = Array.from({length: 20}, (_, i) => queue.append(`tenant-${i % 3}`, one));
    await queue.drained();
    assert.equal(stored, 20);
    await Promise.all(all);
  });
});

const one = {item: 1, entries: 1, length: 10};

/** A queue that stores nothing and remembers what came together. */
function recorded(limits: Partial<WriteLimits>) {
  const groups: number[][] = [];
  const queue = new WriteQueue<number, number>(
    async (_tenant, items) => {
      groups.push([...items]);
      return items;
    },
    {...DEFAULT_WRITE_LIMITS, ...limits},
  );
  return {queue, groups};
}

/** A queue whose first transaction hangs until it is released. */
function held(limits: Partial<WriteLimits>) {
  let release = () => {};
  const hanging = new Promise<void>(done => {
    release = done;
  });
  const queue = new WriteQueue<number, number>(
    async (_tenant, items) => {
      await hanging;
      return items;
    },
    {...DEFAULT_WRITE_LIMITS, ...limits},
  );
  return {queue, release};
}
