import {randomBytes} from 'node:crypto';
import {Client, Pool} from 'pg';
import {Database} from '../../dist/repositories/database';
import type {DatabaseSettings} from '../../dist/types';
import {settingsOf, TEMPLATE} from './test-postgres';

export interface TestDatabase {
  settings: DatabaseSettings;
  /** As the service uses it. */
  database: Database;
  /** As an administrator, past every policy. */
  admin: Pool;
  drop(): Promise<void>;
}

/** The PostgreSQL of this test run. */
export function testServer(): DatabaseSettings {
  const url = process.env.TEST_POSTGRES;
  if (!url) throw new Error('Run tests by npm test: it starts the PostgreSQL that they need.');
  return settingsOf(url);
}

/** A database of this test alone: a copy of the migrated template, or an empty one. */
export async function createTestDatabase(template: string = TEMPLATE): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const settings = {...testServer(), database: name};
  const {ssl: _ssl, ...connection} = settings;
  const admin = new Pool({...connection, max: 10});
  admin.on('error', () => {});
  // A database that is dropped tells connections that are closing already that they end.
  admin.on('connect', client => client.on('error', () => {}));
  const service = new Pool({...connection, max: 20});
  service.on('error', () => {});
  return {
    settings,
    database: new Database(async () => service),
    admin,
    async drop() {
      await Promise.all([admin.end(), service.end()]);
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

const OBJECT_IN_USE = '55006';

/** A copy of a database as it is now, such as a backup is; whoever is connected to it is cut off. */
export async function copyOf({settings}: Pick<TestDatabase, 'settings'>): Promise<TestDatabase> {
  const name = settings.database;
  for (let attempt = 1; ; attempt++) {
    await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    try {
      return await createTestDatabase(name);
    } catch (error) {
      // Who was cut off may be there again already.
      if ((error as {code?: string}).code !== OBJECT_IN_USE || attempt === 20) throw error;
    }
  }
}

/** Runs a statement beside every test database. CREATE DATABASE takes one template at a time, so it waits its turn. */
async function onServer(statement: string): Promise<void> {
  const {ssl: _ssl, ...connection} = testServer();
  const client = new Client({...connection, database: 'postgres'});
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(1)');
    await client.query(statement);
  } finally {
    await client.end();
  }
}
