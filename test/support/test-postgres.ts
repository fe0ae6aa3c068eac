import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {startEmbeddedPostgres} from '../../dist/embedded/embedded-postgres';
import {migrate} from '../../dist/repositories/migrate';
import type {DatabaseSettings} from '../../dist/types';

/** Name of the migrated database that every test database is a copy of. */
export const TEMPLATE = 'audit';

export interface TestPostgres {
  url: string;
  stop(): Promise<void>;
}

/** A PostgreSQL in a temporary folder, with the template migrated. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-test-'));
  const {settings, stop} = await startEmbeddedPostgres(folder, ['max_connections=300', 'fsync=off']);
  await migrate(settings, 'public');
  return {
    url: urlOf(settings),
    async stop() {
      await stop();
      await rm(folder, {recursive: true, force: true});
    },
  };
}

const urlOf = ({host, port, user, password, database}: DatabaseSettings) =>
  `postgres://${user}:${password}@${host}:${port}/${database}`;

/** The settings that a URL of {@link startTestPostgres} stands for. */
export function settingsOf(url: string): DatabaseSettings {
  const {hostname, port, username, password, pathname} = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    ssl: false,
  };
}
