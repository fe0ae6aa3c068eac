import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {admit} from '../../dist/admission/admit';
import {commitmentsOf, leafData, leafHash} from '../../dist/integrity/leaf';
import {rootOf} from '../../dist/integrity/tree-head';
import {rootFromTiles} from '../../dist/integrity/tree-reader';
import {EVERYTHING} from '../../dist/models/condition';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {Database} from '../../dist/repositories/database';
import {leafRow} from '../../dist/repositories/leaf-row';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {naiveRoot} from '../unit/integrity/naive-tree';

let db: TestDatabase;
let trail: AuditTrailRepository;
before(async () => {
  db = await createTestDatabase();
  trail = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());

const bearer = (tenantId: string) => ({tenantId, actor: 'jane', actorType: 'user'}) as const;
const batch = (tenantId: string, inputs: readonly object[]) =>
  trail.createAll(
    tenantId,
    inputs.map(input => leafRow(admit(input, bearer(tenantId)))),
  );

const order = ENTRY_COLUMNS.filter(({property}) => property === 'id').map(column => ({
  column,
  descending: false,
}));
const selection = {condition: EVERYTHING, order};

/** The entries of a tenant in the order of their leaves. */
async function leaves(tenantId: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const page of trail.stream(tenantId, selection)) entries.push(...page);
  return entries.sort((a, b) => (a.leafIndex ?? -1) - (b.leafIndex ?? -1));
}

const saltOf = ({salt = ''}: AuditEntry) => Buffer.from(salt, 'hex');
const dataOf = (entry: AuditEntry) => Buffer.from(leafData(entry, commitmentsOf(entry, saltOf(entry))));

/** That the tree of a tenant is the tree of the entries that are stored: dense, and with the root of its tiles. */
async function assertSealed(tenantId: string, count: number): Promise<void> {
  const entries = await leaves(tenantId);
  assert.equal(entries.length, count);
  for (const [i, entry] of entries.entries()) {
    assert.equal(entry.leafIndex, i);
    assert.equal(entry.leafHash, leafHash(entry, commitmentsOf(entry, saltOf(entry))).toString('hex'));
  }
  const root = naiveRoot(entries.map(dataOf)).toString('hex');
  const {rows} = await db.admin.query('SELECT size::int, frontier FROM audit_trees WHERE tenant_id = $1', [
    tenantId,
  ]);
  const {size, frontier} = rows[0];
  assert.equal(size, count);
  const hashes = Array.from({length: frontier.length / 32}, (_, i) => frontier.subarray(i * 32, i * 32 + 32));
  assert.equal(rootOf({size, frontier: hashes}).toString('hex'), root);
  const fromTiles = await rootFromTiles(size, async spans =>
    Promise.all(
      spans.map(async ({level, index}) => {
        const sql = 'SELECT hashes FROM audit_tiles WHERE tenant_id = $1 AND level = $2 AND index = $3';
        return (await db.admin.query(sql, [tenantId, level, index])).rows[0]?.hashes;
      }),
    ),
  );
  assert.equal(fromTiles.toString('hex'), root);
}

describe('sealing', () => {
  test('what two processes store at once, in single entries and batches, makes one dense tree for each tenant', async () => {
    const other = await createSecondProcess();
    const counts = new Map<string, number>();
    const store = async (repository: AuditTrailRepository, i: number) => {
      const tenantId = `tenant-${i % 5}`;
      const length = [1, 3, 255, 256, 300][i % 5 === 0 ? i % 4 : (i * 7) % 5] ?? 1;
      const inputs = Array.from({length}, (_, n) => ({action: 'a.b', entityId: `${i}-${n}`, reason: 'why'}));
      if (length === 1) await repository.create(tenantId, admit(inputs[0], bearer(tenantId)));
      else {
        const rows = inputs.map(input => leafRow(admit(input, bearer(tenantId))));
        await repository.createAll(
          tenantId,
          i % 3
            ? rows
            : async function* () {
                yield rows.slice(0, 100);
                yield rows.slice(100);
              },
        );
      }
      counts.set(tenantId, (counts.get(tenantId) ?? 0) + length);
    };
    await Promise.all(Array.from({length: 40}, (_, i) => store(i % 2 ? trail : other, i)));
    for (const [tenantId, count] of counts) await assertSealed(tenantId, count);
  });

  test('a receipt tells the place and hash of the leaf, and a known id is answered with the first', async () => {
    const id = randomUUID();
    const entry = admit({id, action: 'a.b', before: {a: 1}}, bearer('receipts'));
    const first = await trail.create('receipts', entry);
    assert.equal(first.leafIndex, 0);
    assert.equal(first.leafHash, leafHash(first, commitmentsOf(first, saltOf(first))).toString('hex'));
    const again = await Promise.all(
      [1, 2, 3].map(() =>
        trail.create('receipts', admit({id, action: 'a.b', before: {a: 1}}, bearer('receipts'))),
      ),
    );
    for (const receipt of again) assert.deepEqual(receipt, first);
    await assertSealed('receipts', 1);
  });

  test('what a batch repeats has one leaf; what is refused has none', async () => {
    const id = randomUUID();
    await batch('refusals', [{id, action: 'a.b'}, {id, action: 'a.b'}, {action: 'c.d'}]);
    await assert.rejects(batch('refusals', [{action: 'e.f'}, {id, action: 'other'}]), {code: 'ID_CONFLICT'});
    await batch('refusals', [{action: 'g.h'}]);
    await assertSealed('refusals', 3);
  });

  test('an entry reads back with the leaf that was made of it, whatever it holds', async () => {
    const json = fc.dictionary(
      fc.string({unit: 'grapheme', maxLength: 8}),
      fc.jsonValue({maxDepth: 3, noUnicodeString: false}),
      {maxKeys: 4},
    );
    const storable = (value: unknown) =>
      !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)) && !/"__proto__"/.test(JSON.stringify(value));
    const input = fc.record({before: json, after: json, metadata: json}).filter(storable);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(input, {minLength: 1, maxLength: 20}), async inputs => {
        const entries = inputs.map(each => ({
          action: 'a.b',
          ip: '2001:DB8::1',
          ...(each as Record<string, JsonObject>),
        }));
        count += (await batch('anything', entries)).stored;
      }),
      {numRuns: 30},
    );
    await assertSealed('anything', count);
  });

  test('the roles of the service can make a tree grow, and nothing else', async () => {
    await batch('growing', [{action: 'a.b'}]);
    const attempt = (sql: string) =>
      db.database.transaction({role: 'audit_writer', tenantId: 'growing'}, session => session.rows(sql));
    for (const sql of [
      "UPDATE audit_trees SET size = 0 WHERE tenant_id = 'growing'",
      'DELETE FROM audit_trees',
      'DELETE FROM audit_tiles',
      'TRUNCATE audit_tiles',
      "UPDATE audit_tiles SET hashes = decode(repeat('00', 32), 'hex')",
      'UPDATE audit_tiles SET index = 7',
    ]) {
      await assert.rejects(attempt(sql), sql);
      await assert.rejects(db.admin.query(sql), sql);
    }
    const others = await db.database.transaction({role: 'audit_reader', tenantId: 'growing'}, session =>
      session.rows(
        "SELECT FROM audit_tiles WHERE tenant_id <> 'growing' UNION ALL SELECT FROM audit_trees WHERE tenant_id <> 'growing'",
      ),
    );
    assert.equal(others.length, 0);
    await assertSealed('growing', 1);
  });
});

/** Another service process would have its own pool and its own repository. */
async function createSecondProcess(): Promise<AuditTrailRepository> {
  const {Pool} = await import('pg');
  const {ssl: _ssl, ...connection} = db.settings;
  const pool = new Pool({...connection, max: 10});
  pool.on('error', () => {});
  after(() => pool.end());
  return new AuditTrailRepository(new Database(async () => pool), {queryTimeoutMs: 10_000});
}
