import {execFile} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Client} from 'pg';
import type {DatabaseSettings} from '../types';
import {connectionFault, wrongSetting} from './connection-fault';

const execute = promisify(execFile);

/** The root of this package, where `migrations` and `database.json` are. */
const ROOT = join(__dirname, '..', '..');

/** The least version that is supported, as `server_version_num` gives it. */
const LEAST_VERSION = 140_000;

/**
 * Brings a database up to date with db-migrate. Any number of processes may do so at once. Answers whether
 * there was anything to do.
 *
 * @throws AuditError DATABASE_UNAVAILABLE, INVALID_SETTING where the server is too old or refuses the login
 */
export async function migrate(settings: DatabaseSettings, schema: string): Promise<boolean> {
  if ((await pendingMigrations(settings, schema)).length === 0) return false;
  const dbMigrate = require.resolve('db-migrate/bin/db-migrate');
  const args = [
    dbMigrate,
    'up',
    '--config',
    join(ROOT, 'database.json'),
    '--migrations-dir',
    join(ROOT, 'migrations'),
  ];
  const env = {
    ...process.env,
    DB_HOST: settings.host,
    DB_PORT: String(settings.port),
    DB_USER: settings.user,
    DB_PASSWORD: settings.password,
    DB_DATABASE: settings.database,
    DB_SCHEMA: schema,
    ...(settings.ssl && {DB_SSL: 'true'}),
  };
  try {
    await execute(process.execPath, args, {cwd: ROOT, env});
  } catch (error) {
    const {stdout = '', stderr = ''} = error as {stdout?: string; stderr?: string};
    const reason =
      /\[ERROR\](?:.*(?:error|exception):)? *(.*)/i.exec(`${stdout}\n${stderr}`)?.[1] ?? 'see its output';
    throw wrongSetting('DB_USER', `could not migrate the database: ${reason}`, error);
  }
  return true;
}

/**
 * The migrations that this database has not had, oldest first; none where it is up to date.
 *
 * @throws AuditError as {@link migrate} does
 */
export async function pendingMigrations(settings: DatabaseSettings, schema: string): Promise<string[]> {
  const {ssl, ...connection} = settings;
  const client = new Client({...connection, ...(ssl && {ssl: true}), connectionTimeoutMillis: 10_000});
  client.on('error', () => {});
  try {
    await client.connect();
    const version = await client.query("SELECT current_setting('server_version_num')::int AS number");
    if (version.rows[0].number < LEAST_VERSION) {
      throw wrongSetting('DB_HOST', 'is too old: PostgreSQL 14 or later is needed');
    }
    const names = readdirSync(join(ROOT, 'migrations'))
      .filter(file => file.endsWith('.js'))
      .map(file => `/${file.slice(0, -3)}`)
      .sort();
    const table = `${client.escapeIdentifier(schema)}.migrations`;
    const known = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
    if (!known.rows[0].there) return names;
    const done = await client.query(`SELECT name FROM ${table}`);
    const ran = new Set(done.rows.map(row => row.name));
    return names.filter(name => !ran.has(name));
  } catch (error) {
    throw connectionFault(error);
  } finally {
    await client.end().catch(() => {});
  }
}
