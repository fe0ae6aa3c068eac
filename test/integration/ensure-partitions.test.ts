import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

test('many processes that need the partition of a month at once all get it, and make one', async () => {
  for (let month = 1; month <= 12; month++) {
    const moment = `2024-${String(month).padStart(2, '0')}-15T12:00:00Z`;
    const made = await Promise.all(
      Array.from({length: 20}, () =>
        db.database.transaction({role: 'audit_writer', tenantId: 'acme'}, session =>
          session.rows('SELECT audit_ensure_partition($1)', [moment]),
        ),
      ),
    );
    assert.deepEqual(new Set(made.flat(2)), new Set([true]));
  }
  const {rows} = await db.admin.query(
    "SELECT count(*)::int AS months FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass",
  );
  assert.equal(rows[0].months, 13);
});
