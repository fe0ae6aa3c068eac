import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, beforeEach, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {admit} from '../../dist/admission/admit';
import {sealedData} from '../../dist/integrity/erased-entry';
import {leafOf} from '../../dist/integrity/leaf';
import {NEWEST_FIRST} from '../../dist/query/order';
import {readWebSearch} from '../../dist/query/words';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {eraseEntries} from '../../dist/repositories/erase-entries';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const REFUSED = {code: '42501'};
let db: TestDatabase;
let trail: AuditTrailRepository;
let entry: AuditEntry;
before(async () => {
  db = await createTestDatabase();
  trail = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());
beforeEach(async () => {
  const bearer = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
  entry = await trail.create('acme', admit({action: 'a.b', reason: 'secret', before: {a: 1}}, bearer));
});

const asWriter = (sql: string, values: unknown[] = [], tenantId = 'acme') =>
  db.database.transaction({role: 'audit_writer', tenantId}, session => session.rows(sql, values));
const eraseAs = (tenantId: string, leaf: string | null | undefined, tenant = 'acme') =>
  asWriter(
    'SELECT * FROM audit_erase($1, ARRAY[$2]::timestamptz[], ARRAY[$3]::uuid[], ARRAY[$4])',
    [tenant, entry.actedAt, entry.id, leaf],
    tenantId,
  );
const now = () => trail.findById('acme', entry.id);

describe('the function that erases', () => {
  test('stores what the leaf was made of, and answers the leaf; a second time there is nothing to do', async () => {
    const leaf = sealedData(entry);
    assert.deepEqual(await eraseAs('acme', leaf), [[entry.leafIndex]]);
    const left = await now();
    assert.equal(leafOf(left)?.toString('hex'), entry.leafHash);
    assert.deepEqual([left.reason, left.before, left.salt], [undefined, undefined, undefined]);
    assert.deepEqual(await eraseAs('acme', leaf), []);
  });

  test('refuses commitments that are forged, data of another leaf, and none', async () => {
    const data = sealedData(entry) ?? '';
    const forged = JSON.stringify({...JSON.parse(data), commitments: {}});
    for (const leaf of [forged, `${data} `, '{}', '', null]) {
      await assert.rejects(eraseAs('acme', leaf), REFUSED, String(leaf));
    }
    assert.deepEqual(await now(), entry);
  });

  test('keeps to the tenant of the transaction', async () => {
    const leaf = sealedData(entry);
    await assert.rejects(eraseAs('rival', leaf), REFUSED);
    await assert.rejects(eraseAs('', leaf, ''), REFUSED);
    assert.deepEqual(await eraseAs('rival', leaf, 'rival'), []);
    assert.deepEqual(await now(), entry);
  });

  test('is the only way: nobody rewrites an entry past it, not even into something erased', async () => {
    const id = `id = '${entry.id}'`;
    const claims = "SELECT set_config('audit.lawful_erasure', 'yes', false)";
    const rewrites = [
      `UPDATE audit_logs SET reason = NULL WHERE ${id}`,
      `UPDATE audit_logs SET actor = 'mallory' WHERE ${id}`,
      `UPDATE audit_logs SET commitments = '{}' WHERE ${id}`,
    ];
    for (const sql of rewrites) {
      await assert.rejects(asWriter(sql), REFUSED);
      const client = await db.admin.connect();
      try {
        await assert.rejects(client.query(sql), REFUSED);
        await client.query(claims);
        await assert.rejects(client.query(sql), REFUSED);
        await client.query('SET ROLE audit_owner');
        await assert.rejects(client.query(sql), REFUSED);
      } finally {
        client.release(true);
      }
    }
    await assert.rejects(
      db.database.transaction({role: 'audit_writer', tenantId: 'acme'}, async session => {
        await session.rows(claims);
        await session.rows(rewrites[0] ?? '');
      }),
      REFUSED,
    );
    assert.deepEqual(await now(), entry);
  });

  test('puts nothing back, and does not let what it leaves be rewritten', async () => {
    await eraseAs('acme', sealedData(entry));
    const left = await now();
    const client = await db.admin.connect();
    try {
      await client.query("SELECT set_config('audit.lawful_erasure', 'yes', false)");
      await client.query('SET ROLE audit_owner');
      for (const change of [
        "reason = 'back'",
        "commitments = '{}'",
        'commitments = NULL',
        "salt = '\\x00'",
      ]) {
        await assert.rejects(
          client.query(`UPDATE audit_logs SET ${change} WHERE id = '${entry.id}'`),
          REFUSED,
        );
      }
    } finally {
      client.release(true);
    }
    assert.deepEqual(await now(), left);
  });

  test('leaves a word in no answer of an index, and in none of its bytes once that is rebuilt', async () => {
    const word = `zz${randomUUID().replaceAll('-', '')}`;
    const bearer = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
    const told = {action: 'a.b', reason: word, actorName: word, metadata: {word}, ip: '203.0.113.77'};
    entry = await trail.create('acme', admit(told, bearer));
    const {rows: partitions} = await db.admin.query(
      'SELECT tableoid::regclass::text AS name FROM audit_logs WHERE id = $1',
      [entry.id],
    );
    const {name} = partitions[0];
    const indexesWith = async () => {
      await db.admin.query('CHECKPOINT');
      const {rows} = await db.admin.query(
        `SELECT indexrelid::regclass::text AS index FROM pg_index WHERE indrelid = $1::regclass
            AND position(convert_to($2, 'UTF8') IN pg_read_binary_file(pg_relation_filepath(indexrelid))) > 0`,
        [name, word],
      );
      return rows.length;
    };
    await db.admin.query(`VACUUM ${name}`);
    assert.equal(await indexesWith(), 1);
    await eraseAs('acme', sealedData(entry));
    const found = await trail.find(
      'acme',
      {condition: readWebSearch(word, 'search'), order: NEWEST_FIRST},
      10,
    );
    assert.deepEqual(found.entries, []);
    await db.admin.query(`VACUUM ${name}`);
    await db.admin.query(`REINDEX TABLE CONCURRENTLY ${name}`);
    assert.equal(await indexesWith(), 0);
  });

  test('is not called for an entry that is not what was sealed', async () => {
    const altered = {...entry, reason: 'altered'};
    const attempt = db.database.transaction({role: 'audit_writer', tenantId: 'acme'}, session =>
      eraseEntries(session, 'acme', [altered]),
    );
    await assert.rejects(attempt, {code: 'TREE_DAMAGED'});
  });
});
