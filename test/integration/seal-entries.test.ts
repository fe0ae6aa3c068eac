import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {admit} from '../../dist/admission/admit';
import {commitmentsOf, leafHash} from '../../dist/integrity/leaf';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {Database} from '../../dist/repositories/database';
import {leafRow} from '../../dist/repositories/leaf-row';
import {assertSealed} from '../support/sealed-tree';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

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

const saltOf = ({salt = ''}: AuditEntry) => Buffer.from(salt, 'hex');

async function assertCount(tenantId: string, count: number): Promise<void> {
  assert.equal((await assertSealed(db.database, db.admin, tenantId)).length, count);
}

describe('sealing', () => {
  test('what two processes store at once for fifty tenants, in single entries and batches, makes one dense tree for each', async () => {
    const other = await createSecondProcess();
    const counts = new Map<string, number>();
    const store = async (repository: AuditTrailRepository, i: number) => {
      const tenantId = `tenant-${i % 50}`;
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
    await Promise.all(Array.from({length: 150}, (_, i) => store(i % 2 ? trail : other, i)));
    for (const [tenantId, count] of counts) await assertCount(tenantId, count);
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
    await assertCount('receipts', 1);
  });

  test('what a batch repeats has one leaf; what is refused has none', async () => {
    const id = randomUUID();
    await batch('refusals', [{id, action: 'a.b'}, {id, action: 'a.b'}, {action: 'c.d'}]);
    await assert.rejects(batch('refusals', [{action: 'e.f'}, {id, action: 'other'}]), {code: 'ID_CONFLICT'});
    await batch('refusals', [{action: 'g.h'}]);
    await assertCount('refusals', 3);
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
    await assertCount('anything', count);
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
    await assertCount('growing', 1);
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
