import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {Pool} from 'pg';
import {listTenants} from '../../dist/repositories/list-tenants';
import {seal} from '../support/sealed-log';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
  for (const tenantId of ['rival', 'acme']) await seal(db.database, tenantId, [{action: 'a.b'}]);
});
after(() => db.drop());

describe('the tenants of a database', () => {
  test('are listed for a superuser, and for a login that may become the owner', async () => {
    assert.deepEqual(await listTenants(db.admin, 'public'), ['acme', 'rival']);
    await withLogin('audit_owner', async pool =>
      assert.deepEqual(await listTenants(pool, 'public'), ['acme', 'rival']),
    );
  });

  test('are not for the login of the service', () =>
    withLogin('audit_reader', pool => assert.rejects(listTenants(pool, 'public'), /permission denied/)));
});

/** Works as a login of its own, which is a member of one role. */
async function withLogin(role: string, work: (pool: Pool) => Promise<void>): Promise<void> {
  const user = `login_of_${role}`;
  await db.admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'secret' IN ROLE ${role}`);
  const {ssl: _ssl, ...connection} = db.settings;
  const pool = new Pool({...connection, user, password: 'secret', max: 1});
  try {
    await work(pool);
  } finally {
    await pool.end();
    await db.admin.query(`DROP ROLE ${user}`);
  }
}
