import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, test} from 'node:test';
import fc from 'fast-check';
import {admit} from '../../dist/admission/admit';
import {both, type Condition, EVERYTHING, not} from '../../dist/models/condition';
import {NEWEST_FIRST} from '../../dist/query/order';
import {readWhere} from '../../dist/query/where';
import {readWebSearch} from '../../dist/query/words';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {leafRow} from '../../dist/repositories/leaf-row';
import {makeRecall, recall, streamWithRecalled} from '../../dist/repositories/recall-archived';
import {isUnder} from '../support/evaluate-where';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const NAMES = ['ann', 'Ann', 'bob', 'b_b', 'b%b', 'a\\b', "o'hara", ''];
const TIMES = ['2026-01-31T23:59:59.999999Z', '2026-02-01T00:00:00.000000Z', '2026-02-01T00:00:00.000001Z'];
const ADDRESSES = ['10.0.0.1', '10.1.0.1', '192.0.2.1', '2001:db8::1'];
const OUTCOMES = ['success', 'failure', 'denied'];
const JSON_VALUES = [0, 1, -2.5, 10, '1', '10', 'x', 'X', '', true, false, null];

const names = fc.constantFrom(...NAMES);
const named = fc.constantFrom(...NAMES.filter(name => name !== ''));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, {nil: undefined});

const ENTRY = fc.record(
  {
    actor: named,
    entityId: maybe(names),
    reason: maybe(names),
    outcome: fc.constantFrom(...OUTCOMES),
    actedAt: fc.constantFrom(...TIMES),
    ip: maybe(fc.constantFrom(...ADDRESSES)),
    tags: maybe(fc.uniqueArray(names, {maxLength: 3})),
    after: maybe(
      fc.record(
        {
          a: fc.constantFrom(...JSON_VALUES),
          b: fc.record({c: fc.constantFrom(...JSON_VALUES)}, {requiredKeys: []}),
        },
        {requiredKeys: []},
      ),
    ),
  },
  {requiredKeys: ['actor', 'outcome', 'actedAt']},
);

const LIKES = fc.constantFrom('%', '_%', 'a%', '%b', 'b\\_b', 'b\\%b', 'b_b', 'ANN', '', 'a\\\\b', "%'%");
const REGEXPS = fc.constantFrom('^a', 'b$', '^b.b$', '[a-m]', '^$', 'n{2}', '(ann|bob)');
const one = <T>(operator: string, operand: fc.Arbitrary<T>) => operand.map(value => ({[operator]: value}));

/** Comparisons of a property whose values are drawn from `values`. */
const comparisons = (
  values: fc.Arbitrary<unknown>,
  more: fc.Arbitrary<object>[] = [],
): fc.Arbitrary<unknown> =>
  fc.oneof(
    values,
    fc.constant(null),
    ...['eq', 'neq'].map(operator => one(operator, fc.oneof(values, fc.constant(null)))),
    ...['inq', 'nin'].map(operator =>
      one(operator, fc.array(fc.oneof(values, fc.constant(null)), {maxLength: 3})),
    ),
    one('exists', fc.boolean()),
    ...more,
  );
const ordered = (values: fc.Arbitrary<unknown>) => [
  ...['gt', 'gte', 'lt', 'lte'].map(operator => one(operator, values)),
  one('between', fc.tuple(values, values)),
];
const patterns = [
  ...['like', 'nlike', 'ilike', 'nilike'].map(operator => one(operator, LIKES)),
  one('regexp', REGEXPS),
];
const property = (name: string, comparison: fc.Arbitrary<unknown>) =>
  comparison.map(value => ({[name]: value}));
const jsonValues = fc.constantFrom(...JSON_VALUES.filter(value => value !== null));
const jsonOrdered = ordered(fc.constantFrom(0, 1, 10, '1', 'x', ''));

const PROPERTY = fc.oneof(
  ...['actor', 'entityId', 'reason'].map(name =>
    property(name, comparisons(names, [...ordered(names), ...patterns])),
  ),
  property('outcome', comparisons(fc.constantFrom(...OUTCOMES))),
  property('actedAt', comparisons(fc.constantFrom(...TIMES), ordered(fc.constantFrom(...TIMES)))),
  property('ip', comparisons(fc.constantFrom(...ADDRESSES, '10.0.0.0/8', '10.0.0.0/16', '0.0.0.0/0'))),
  property('tags', comparisons(names)),
  property('after', fc.oneof(fc.constant(null), one('exists', fc.boolean()), one('neq', fc.constant(null)))),
  ...['after.a', 'after.b.c', 'after.nothing'].map(name =>
    property(name, comparisons(jsonValues, [...jsonOrdered, ...patterns])),
  ),
);

const {where: WHERE} = fc.letrec<{where: object}>(tie => ({
  where: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    PROPERTY,
    fc.record({and: fc.array(tie('where'), {maxLength: 3})}),
    fc.record({or: fc.array(tie('where'), {maxLength: 3})}),
    fc.tuple(PROPERTY, PROPERTY).map(([a, b]) => ({...a, ...b})),
  ),
}));

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

const BEARER = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;

const storedEntries = async (auditLogs: AuditTrailRepository) => {
  const entries = fc.sample(ENTRY, 150).map(entry => ({...entry, id: randomUUID(), action: 'a.b'}));
  const rows = entries.map(entry => leafRow(admit(entry, BEARER)));
  const {receipts} = await auditLogs.createAll('acme', rows, {receipts: true});
  return {entries, ids: new Set(receipts?.map(({id}) => id))};
};

test('a where finds exactly the entries that it says, of any entries', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const {entries, ids} = await storedEntries(auditLogs);
  await fc.assert(
    fc.asyncProperty(WHERE, async where => {
      const condition = readWhere(JSON.parse(JSON.stringify(where)));
      const found = await auditLogs.find('acme', {condition, order: NEWEST_FIRST}, 1_000);
      const wanted = entries.filter(entry => isUnder(where, entry));
      const mine = found.entries.map(({id}) => id).filter(id => ids.has(id));
      assert.deepEqual(new Set(mine), new Set(wanted.map(({id}) => id)));
    }),
    {numRuns: 400},
  );
});

const CONDITION: fc.Arbitrary<Condition> = fc.letrec<{condition: Condition}>(tie => ({
  condition: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    WHERE.map(where => readWhere(JSON.parse(JSON.stringify(where)))),
    fc
      .record({text: fc.constantFrom('ann', 'bob OR ann', '"b b"', '-ann', 'o'), prefix: fc.boolean()})
      .map(words => ({kind: 'words' as const, ...words})),
    tie('condition').map(not),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => both(a, b)),
  ),
})).condition;

test('database and archive give the same answer to any condition, and what is not under it is all the rest', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  await storedEntries(auditLogs);
  const {entries} = await auditLogs.find('acme', {condition: EVERYTHING, order: NEWEST_FIRST}, 1_000);
  const archived = entries.map(entry => ({...entry, tenantId: 'elsewhere'}));
  await fc.assert(
    fc.asyncProperty(CONDITION, async condition => {
      const selection = {condition, order: NEWEST_FIRST};
      const stored = await auditLogs.find('acme', selection, 1_000);
      const recalled = db.database.stream(
        {role: 'audit_reader', tenantId: 'elsewhere'},
        async function* (session) {
          await makeRecall(session);
          await recall(session, archived);
          yield* streamWithRecalled(session, 'elsewhere', selection);
        },
      );
      const ids = [];
      for await (const page of recalled) ids.push(...page.map(({id}) => id));
      assert.deepEqual(
        stored.entries.map(({id}) => id),
        ids,
      );
      const others = await auditLogs.count('acme', not(condition), 1_000);
      assert.deepEqual(others, {count: entries.length - ids.length, relation: 'eq'});
    }),
    {numRuns: 150},
  );
});

test('a count is exact up to its cap, and an estimate where there are few entries', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const rows = Array.from({length: 20}, () => leafRow(admit({action: 'counted'}, BEARER)));
  await auditLogs.createAll('acme', rows);
  const counted = readWhere({action: 'counted'});
  assert.deepEqual(await auditLogs.count('acme', counted, 20), {count: 20, relation: 'eq'});
  assert.deepEqual(await auditLogs.count('acme', counted, 19), {count: 19, relation: 'gte'});
  assert.deepEqual(await auditLogs.estimate('acme', counted), {count: 20, relation: 'eq'});
});

test('an estimate of many entries is a share of them, and tells nothing of other tenants', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const bearer = {...BEARER, tenantId: 'many'};
  const rows = Array.from({length: 6_000}, (_, i) =>
    leafRow(admit({action: i % 4 === 0 ? 'rare' : 'usual', tags: [`t${i % 2}`]}, bearer)),
  );
  await auditLogs.createAll('many', rows);
  const estimateOf = (tenantId: string, where: object) => auditLogs.estimate(tenantId, readWhere(where));
  for (const [where, count] of [
    [{action: 'rare'}, 1_500],
    [{tags: 't1'}, 3_000],
    [{}, 6_000],
    [{action: 'nothing'}, 0],
  ] as const) {
    const estimate = await estimateOf('many', where);
    assert.equal(estimate.relation, 'estimate');
    assert.ok(Math.abs(estimate.count - count) <= 60, `${JSON.stringify(where)}: ${estimate.count}`);
  }
  assert.deepEqual(await estimateOf('nobody', {action: 'rare'}), {count: 0, relation: 'eq'});
});

test('pages of what is frequent, seldom or rare are the same with skip as without, and ranked ones are bounded', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const bearer = {...BEARER, tenantId: 'pages'};
  const rows = Array.from({length: 3_000}, (_, i) =>
    leafRow(
      admit(
        {
          action: 'a',
          actedAt: new Date(Date.UTC(2026, 0, 1) + i * 1_000).toISOString(),
          tags: ['all', ...(i % 20 === 0 ? ['some'] : []), ...(i === 7 ? ['once'] : [])],
          description: `note ${i % 3 === 0 ? 'third' : 'other'}`,
        },
        bearer,
      ),
    ),
  );
  await auditLogs.createAll('pages', rows);
  const pageOf = async (where: object, skip: number, limit: number) =>
    (await auditLogs.find('pages', {condition: readWhere(where), order: NEWEST_FIRST, skip}, limit)).entries;
  for (const [tag, count] of [
    ['all', 3_000],
    ['some', 150],
    ['once', 1],
    ['none', 0],
  ] as const) {
    const all = await pageOf({tags: tag}, 0, 3_000);
    assert.equal(all.length, count);
    for (const skip of [0, 1, 49, 149, 500]) {
      assert.deepEqual(
        await pageOf({tags: tag}, skip, 50),
        all.slice(skip, skip + 50),
        `${tag} after ${skip}`,
      );
    }
  }
  const ranked = {condition: readWebSearch('third', 'search'), order: NEWEST_FIRST, ranked: true};
  const best = await auditLogs.find('pages', ranked, 1_000);
  assert.equal(best.entries.length, 1_000);
  assert.ok(best.entries.every(({description}) => description === 'note third'));
});
