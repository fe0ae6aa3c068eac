import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import {admit} from '../../dist/admission/admit';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {GroupCommit} from '../../dist/repositories/group-commit';
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
    const groups = new GroupCommit(async (tenantId, admitted) => {
      await db.database.transaction({role: 'audit_reader', tenantId}, session =>
        session.rows('SELECT 1 / n FROM unnest($1::int[]) AS n', [
          admitted.map(each => Number(each.entry.entityId)),
        ]),
      );
      return admitted.map(each => each.entry);
    });
    const results = await Promise.allSettled(
      ['1', '2', '0', '3'].map(entityId => groups.append('poison', entry('poison', {entityId}))),
    );
    assert.deepEqual(
      results.map(({status}) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
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
    const groups: number[] = [];
    const commit = new GroupCommit(
      async (_tenant, admitted) => {
        groups.push(admitted.length);
        return admitted.map(each => each.entry);
      },
      {group: {entries: 3, length: 2_000}, waiting: {entries: 100, length: 20_000}},
    );
    const large = {reason: 'x'.repeat(5_000)};
    await Promise.all(
      [{}, {}, {}, {}, {}, large, {}, large].map(input => commit.append('t', entry('t', input))),
    );
    assert.deepEqual(groups, [1, 3, 1, 1, 1, 1]);
    const many = Array.from({length: 4}, () => commit.append('t', entry('t', large)));
    await assert.rejects(commit.append('t', entry('t')), {code: 'OVERLOADED'});
    await Promise.all(many);
  });

  test('of which too many wait are refused, and there is room again afterwards', async () => {
    let release = () => {};
    const held = new Promise<void>(done => {
      release = done;
    });
    const groups = new GroupCommit(
      async (_tenant, admitted) => {
        await held;
        return admitted.map(each => each.entry);
      },
      {group: {entries: 2, length: 1_000}, waiting: {entries: 5, length: 10_000}},
    );
    const waiting = Array.from({length: 5}, () => groups.append('busy', entry('busy')));
    await assert.rejects(groups.append('busy', entry('busy')), {code: 'OVERLOADED', statusCode: 503});
    await assert.rejects(groups.append('other', entry('other')), {code: 'OVERLOADED'});
    release();
    await Promise.all(waiting);
    await groups.append('busy', entry('busy'));
  });
});
