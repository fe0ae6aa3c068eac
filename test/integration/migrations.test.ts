import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {promisify} from 'node:util';
import {pendingMigrations} from '../../dist';
import {dumpSchema} from '../support/schema-dump';
import {databaseEnvironment} from '../support/serve-process';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const execute = promisify(execFile);
const ROOT = join(__dirname, '..', '..');

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase('template0');
});
afterEach(() => db.drop());

/** The names of all migrations, the oldest first. */
const MIGRATIONS = readdirSync(join(ROOT, 'migrations'))
  .filter(file => file.endsWith('.js'))
  .map(file => `/${file.slice(0, -3)}`)
  .sort();

/** db-migrate as an operator calls it. */
const dbMigrate = (direction: 'up' | 'reset') =>
  execute('npx', ['db-migrate', direction, '--config', 'database.json', '--migrations-dir', 'migrations'], {
    cwd: ROOT,
    env: {...process.env, ...databaseEnvironment(db.settings)},
  });

const relations = async () =>
  (
    await db.admin.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    )
  ).rows.map(({relname}) => relname);

test('db-migrate goes up and down by itself, twice, and leaves nothing of the trail behind', async () => {
  for (let round = 0; round < 2; round++) {
    await dbMigrate('up');
    assert.deepEqual(await pendingMigrations(db.settings, 'public'), []);
    assert.ok((await relations()).includes('audit_logs'));
    await db.admin.query("SELECT audit_ensure_partition('2025-01-01')");

    await dbMigrate('reset');
    assert.deepEqual(await relations(), ['migrations']);
    const functions = await db.admin.query("SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace");
    assert.equal(functions.rowCount, 0);
    const rights = await db.admin.query(
      "SELECT grantee::regrole FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public' AND grantee::regrole::text LIKE 'audit\\__%'",
    );
    assert.equal(rights.rowCount, 0);
  }
});

test('going up a second time changes nothing', async () => {
  await dbMigrate('up');
  const before = await dumpSchema(db.admin);
  await dbMigrate('up');
  assert.equal(await dumpSchema(db.admin), before);
});

test('twenty processes that migrate one database at once all succeed, and it is migrated once', async () => {
  await Promise.all(Array.from({length: 20}, () => dbMigrate('up')));
  const {rows} = await db.admin.query('SELECT name FROM migrations ORDER BY name');
  assert.deepEqual(
    rows.map(({name}) => name),
    MIGRATIONS,
  );
  assert.equal(await dumpSchema(db.admin), await readFile(join(ROOT, 'migrations', 'schema.sql'), 'utf8'));
});

test('migrations/schema.sql is what the migrations make: run npm run schema:dump', async () => {
  await dbMigrate('up');
  const dumped = await readFile(join(ROOT, 'migrations', 'schema.sql'), 'utf8');
  assert.equal(await dumpSchema(db.admin), dumped, 'run npm run schema:dump');
});
