import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {readPageQuery, readQuery} from '../../dist/query/parameters';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Session} from '../../dist/repositories/database';
import {entriesSince} from '../../dist/repositories/entries-since';
import {findEntries} from '../../dist/repositories/find-entries';
import {seedEntries} from '../support/seed-entries';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
  await seedEntries(db.admin, ['acme', ...Array.from({length: 9}, (_, i) => `other-${i}`)], 60_000);
  await db.admin.query('VACUUM ANALYZE audit_logs');
});
after(() => db.drop());

/** One of every documented way to ask, with an answer that is rare, frequent or none. */
const ASKED: Record<string, string>[] = [
  {},
  {from: '2025-06-01', to: '2025-06-02'},
  {action: 'user.create'},
  {action: 'user.*'},
  {action: 'none.*'},
  {actedOn: 'Order', entityId: '13'},
  {resource: 'Order'},
  {actor: 'user-7'},
  {actor: 'nobody'},
  {onBehalfOf: 'nobody'},
  {outcome: 'failure'},
  {outcome: 'denied,pending'},
  {severity: 'critical'},
  {severity: '>=high'},
  {category: 'data'},
  {category: 'none'},
  {ip: '10.0.0.7'},
  {ip: '10.0.0.0/16'},
  {ip: '192.168.0.0/16'},
  {serviceName: 'orders'},
  {serviceName: 'none'},
  {requestId: 'none'},
  {tag: 'billing'},
  {tag: 'none'},
  {search: 'paid card'},
  {search: 'person7@example.com'},
  {search: 'xyzzy'},
  {search: '"the week before"'},
  {search: 'xyz*'},
  {q: 'actor:"Person No. 7"'},
  {q: 'actor:none -outcome:success'},
  {q: 'changed:status'},
  {q: 'changed:none'},
  {q: 'before.status:open'},
  {q: 'before.status:none'},
  {q: 'metadata.region:eu-3 after.total:7'},
  {q: 'metadata.region:none'},
  {q: 'resource:Order/13 created:2025-01-01..2025-02-01'},
  {q: 'entityName:"Order 13"'},
  {q: 'leafIndex:7'},
  {q: 'leafIndex:>=5990'},
  {where: '{"dataSubjectId":"none"}'},
  {where: '{"id":"019aa8f5-3c1e-7a52-9d0b-6f2f4f1c7e11"}'},
];

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Plan Rows': number;
  Plans?: Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Asserts that no statement of `work` reads a partition from end to end; they are run, and asked for their plans. */
async function assertNoneIsWhole(work: (session: Session) => Promise<unknown>): Promise<void> {
  const options = {role: 'audit_reader', tenantId: 'acme'} as const;
  const statements = await db.database.transaction(options, async session => {
    const plans: Plan[] = [];
    const explaining = {
      async rows(text: string, values: readonly unknown[] = []) {
        const rows = (await session.rows(`EXPLAIN (FORMAT JSON) ${text}`, values)) as [{Plan: Plan}][][];
        plans.push(...rows.flat(2).map(explained => explained.Plan));
        return session.rows(text, values);
      },
    } as Session;
    await work(explaining);
    return plans;
  });
  assert.ok(statements.length > 0);
  for (const node of statements.flatMap(nodesOf)) {
    const isWhole = node['Node Type'] === 'Seq Scan' && /^audit_logs_\d/.test(node['Relation Name'] ?? '');
    assert.ok(!isWhole, JSON.stringify(node));
  }
}

for (const query of ASKED) {
  test(`reads no partition from end to end for ${JSON.stringify(query)}`, async () => {
    const {selection} = readPageQuery('acme', query);
    await assertNoneIsWhole(session => findEntries(session, 'acme', {...selection, limit: 51}));
  });
}

test('how many entries have a value at a path is planned for within three times', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  for (const [column, path, value] of [
    ['metadata', 'region', 'eu-3'],
    ['before', 'status', 'open'],
    ['after', 'status', 'none'],
  ]) {
    const {condition} = readQuery('acme', {where: JSON.stringify({[`${column}.${path}`]: value})}).selection;
    const {count} = await auditLogs.count('acme', condition, 100_000);
    const {rows} = await db.admin.query(
      `EXPLAIN (FORMAT JSON) SELECT FROM audit_logs WHERE tenant_id = 'acme' AND ${column} @> '{"${path}": "${value}"}'`,
    );
    const planned = rows[0]['QUERY PLAN'][0].Plan['Plan Rows'];
    assert.ok(planned <= 3 * count + 60 && planned >= count / 3, `${column}.${path}: ${planned} of ${count}`);
  }
});

for (const query of [{}, {actor: 'nobody'}, {search: 'xyzzy'}, {q: 'metadata.region:none'}]) {
  for (const first of [0, 5_990]) {
    test(`goes on from leaf ${first} by the index of leaves for ${JSON.stringify(query)}`, async () => {
      const {condition} = readPageQuery('acme', query).selection;
      await assertNoneIsWhole(session =>
        entriesSince(session, 'acme', {condition}, {first, end: 6_000}, 100),
      );
    });
  }
}

test('every index says what it is there for', async () => {
  const {rows} = await db.admin.query(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
      WHERE indrelid = 'audit_logs'::regclass AND obj_description(indexrelid) IS NULL`,
  );
  assert.deepEqual(rows, []);
});
