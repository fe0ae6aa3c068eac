import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import {admit} from '../../dist/admission/admit';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Role, Session} from '../../dist/repositories/database';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const REFUSED = {code: '42501'};
const ACTED_AT = '2026-05-05T05:05:05.123456Z';

let db: TestDatabase;
/** One entry of each tenant. */
const ids: Record<string, string> = {acme: randomUUID(), rival: randomUUID()};

before(async () => {
  db = await createTestDatabase();
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  for (const [tenantId, id] of Object.entries(ids)) {
    const bearer = {tenantId, actor: 'tester', actorType: 'user'} as const;
    await auditLogs.create(tenantId, admit({id, action: 'a.b', actedAt: ACTED_AT}, bearer));
    await db.admin.query(
      `INSERT INTO mapping_logs (tenant_id, id, file_name, filter_used, format, entries, first_acted_at, last_acted_at, bytes, sha256, state, requested_by)
       VALUES ($1, $2, 'file', '{}', 'csv.gz', 1, now(), now(), 1, '', 'done', 'tester')`,
      [tenantId, id],
    );
    await db.admin.query(
      "INSERT INTO jobs (tenant_id, id, operation, status, filter_used, requested_by) VALUES ($1, $2, 'QUERY', 'COMPLETED', '{}', 'tester')",
      [tenantId, id],
    );
  }
});
after(() => db.drop());

const as = <T>(role: Role, tenantId: string, work: (session: Session) => Promise<T>) =>
  db.database.transaction({role, tenantId}, work);
const rows = (role: Role, tenantId: string, sql: string, values: unknown[] = []) =>
  as(role, tenantId, session => session.rows(sql, values));

describe('a reader', () => {
  for (const table of ['audit_logs', 'mapping_logs', 'jobs']) {
    test(`sees its own tenant's rows of ${table} alone, without any condition`, async () => {
      assert.deepEqual(await rows('audit_reader', 'acme', `SELECT id FROM ${table}`), [[ids.acme]]);
      assert.deepEqual(await rows('audit_reader', 'rival', `SELECT id FROM ${table}`), [[ids.rival]]);
      const byName = `SELECT id FROM ${table} WHERE tenant_id = 'rival' OR id = $1`;
      assert.deepEqual(await rows('audit_reader', 'acme', byName, [ids.rival]), []);
    });

    test(`sees no row of ${table} without a tenant`, async () => {
      assert.deepEqual(await rows('audit_reader', '', `SELECT id FROM ${table}`), []);
      const unset = as('audit_reader', 'acme', async session => {
        await session.rows('RESET audit.tenant_id');
        return session.rows(`SELECT id FROM ${table}`);
      });
      assert.deepEqual(await unset, []);
    });
  }

  test('reaches no partition past the policies of the table', async () => {
    const {rows: partitions} = await db.admin.query(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass",
    );
    assert.ok(partitions.length >= 2);
    for (const {name} of partitions) {
      await assert.rejects(rows('audit_reader', 'acme', `SELECT id FROM ${name}`), REFUSED);
      await assert.rejects(rows('audit_writer', 'acme', `SELECT id FROM ${name}`), REFUSED);
      await assert.rejects(rows('audit_writer', 'acme', `DELETE FROM ${name}`), REFUSED);
    }
  });

  test('may change nothing', async () => {
    for (const statement of [
      'INSERT INTO audit_logs (tenant_id) VALUES (1)',
      "UPDATE jobs SET status = 'FAILED'",
      'DELETE FROM mapping_logs',
      'TRUNCATE jobs',
      "SELECT audit_ensure_partition('2026-01-01')",
    ]) {
      await assert.rejects(rows('audit_reader', 'acme', statement), REFUSED, statement);
    }
  });
});

describe('a writer', () => {
  test('may not read entries, nor archive files, nor the key of cursors', async () => {
    for (const table of ['audit_logs', 'mapping_logs', 'audit_cursor_key']) {
      await assert.rejects(rows('audit_writer', 'acme', `SELECT * FROM ${table}`), REFUSED, table);
    }
  });

  const columns = 'id, action, acted_at, actor, actor_type, outcome, severity';
  const values = "gen_random_uuid(), 'written', '1969-07-20', 'x', 'user', 'success', 'info'";
  const insertion = `INSERT INTO audit_logs_default (${columns}) VALUES (${values})`;

  test('sees no entry by what an insertion returns', async () => {
    await assert.rejects(rows('audit_writer', 'acme', `${insertion} RETURNING *`), REFUSED);
  });

  test('may not name a tenant: the entry is of the one that the transaction has named', async () => {
    const {rows: partitions} = await db.admin.query(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass",
    );
    for (const name of ['audit_logs', ...partitions.map(partition => partition.name)]) {
      const named = `INSERT INTO ${name} (tenant_id, ${columns}) VALUES ('other', ${values})`;
      await assert.rejects(rows('audit_writer', 'acme', named), REFUSED);
    }
    await assert.rejects(rows('audit_writer', '', insertion), {code: '23514'});
    await rows('audit_writer', 'written', insertion);
    const {rows: written} = await db.admin.query(
      "SELECT tenant_id FROM audit_logs WHERE tenant_id = 'written'",
    );
    assert.equal(written.length, 1);
  });
});

describe('entries are append-only', () => {
  const CHANGES = [
    "UPDATE audit_logs SET actor = 'mallory'",
    'DELETE FROM audit_logs',
    'TRUNCATE audit_logs',
  ];
  for (const role of ['audit_writer', 'audit_reader'] as const) {
    for (const change of CHANGES) {
      test(`for ${role}: ${change}`, () => assert.rejects(rows(role, 'acme', change), REFUSED));
    }
  }
  for (const change of [...CHANGES, ...CHANGES.map(sql => sql.replace('audit_logs', 'audit_logs_2026_05'))]) {
    test(`for their owner, and for a superuser: ${change}`, async () => {
      const client = await db.admin.connect();
      try {
        await assert.rejects(client.query(change), REFUSED);
        await client.query('SET ROLE audit_owner');
        await assert.rejects(client.query(change), REFUSED);
        await client.query("SET audit.lawful_removal = 'yes'");
        if (!change.startsWith('DELETE')) await assert.rejects(client.query(change), REFUSED);
        await client.query('RESET ROLE');
        await assert.rejects(client.query(change), REFUSED);
      } finally {
        client.release(true);
      }
    });
  }

  test('for a writer who claims that the removal is lawful', async () => {
    const attempt = as('audit_writer', 'acme', async session => {
      await session.rows("SELECT set_config('audit.lawful_removal', 'yes', true)");
      await session.rows('DELETE FROM audit_logs');
    });
    await assert.rejects(attempt, REFUSED);
  });

  test('and nothing has changed after all that', async () => {
    const {rows: left} = await db.admin.query(
      "SELECT id, actor FROM audit_logs WHERE tenant_id <> 'written' ORDER BY tenant_id",
    );
    assert.deepEqual(left, [
      {id: ids.acme, actor: 'tester'},
      {id: ids.rival, actor: 'tester'},
    ]);
  });
});

describe('roles', () => {
  test('of the service cannot log in, are no superusers and own nothing', async () => {
    const {rows: roles} = await db.admin.query(
      `SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication FROM pg_roles
        WHERE rolname IN ('audit_owner', 'audit_writer', 'audit_reader')`,
    );
    assert.equal(roles.length, 3);
    for (const {rolname, ...rights} of roles) {
      assert.ok(
        Object.values(rights).every(right => right === false),
        rolname,
      );
    }
    const {rows: owned} = await db.admin.query(
      "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) IN ('audit_writer', 'audit_reader')",
    );
    assert.deepEqual(owned, []);
  });

  test('may not become one another, nor the owner', async () => {
    const {rows: members} = await db.admin.query(
      `SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members
        WHERE member::regrole::text IN ('audit_writer', 'audit_reader')`,
    );
    assert.deepEqual(members, []);
  });

  test('are the only ones that may run the functions: PUBLIC may not', async () => {
    const {rows: functions} = await db.admin.query(
      `SELECT proname, has_function_privilege('audit_writer', oid, 'EXECUTE') AS writer,
              has_function_privilege('audit_reader', oid, 'EXECUTE') AS reader,
              EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0) AS everybody, proconfig
         FROM pg_proc WHERE proname LIKE 'audit\\_%' ORDER BY proname`,
    );
    assert.deepEqual(
      functions.map(({proname, writer}) => [proname, writer]),
      [
        ['audit_content_hash', false],
        ['audit_cosign', true],
        ['audit_count', false],
        ['audit_count_next', true],
        ['audit_ensure_partition', true],
        ['audit_erase', true],
        ['audit_erase_archived', true],
        ['audit_finish_archive', true],
        ['audit_is_leaf', false],
        ['audit_is_partition', false],
        ['audit_may_thin', false],
        ['audit_open_partition', false],
        ['audit_record_archive', true],
        ['audit_refuse_change', false],
        ['audit_refuse_detached', false],
        ['audit_refuse_forgetting', false],
        ['audit_refuse_leaf', false],
        ['audit_refuse_resigning', false],
        ['audit_refuse_rewriting', false],
        ['audit_refuse_shrinking', false],
        ['audit_refuse_unfinished', false],
        ['audit_remove_archived', true],
        ['audit_replace_archive', true],
        ['audit_require_tenant', false],
        ['audit_sample_json', false],
        ['audit_signers', false],
        ['audit_split_default', true],
        ['audit_thin_checkpoints', true],
        ['audit_tree_sizes', true],
        ['audit_uncount', false],
        ['audit_uncounted', true],
        ['audit_undetected_trees', true],
        ['audit_unsigned_trees', true],
        ['audit_use_keys', true],
        ['audit_words', true],
      ],
    );
    for (const {proname, reader, everybody, proconfig} of functions) {
      assert.equal(everybody, false, proname);
      assert.equal(reader, ['audit_content_hash', 'audit_words'].includes(proname), proname);
      // The one whose body was bound to what it names when it was made: it must be inlined.
      if (proname === 'audit_words') continue;
      assert.ok(String(proconfig).includes('search_path='), `${proname} keeps its search_path`);
    }
  });

  test('have row-level security on every table of a tenant', async () => {
    const {rows: tables} = await db.admin.query(
      `SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT c.relrowsecurity`,
    );
    assert.deepEqual(tables, []);
  });
});
