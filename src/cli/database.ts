import {Command} from 'commander';
import {runningPostgres} from '../embedded/embedded-postgres';
import {readSettings} from '../settings';
import type {DatabaseSettings} from '../types';
import {withSecret} from './migrate';

export const databaseCommand = (): Command =>
  new Command('database')
    .description(
      'Print the URL of the database, for psql and its like: that of DB_HOST, or the one that a started service brings along.',
    )
    .addHelpText('after', '\nIt holds the password. Example:\n  psql "$(audit-service database)"')
    .action(async () => {
      process.stdout.write(`${urlOf(await administeredDatabase())}\n`);
    });

/**
 * The database of the settings or, where they name none, the one that a service brings along and that runs now.
 *
 * @throws AuditError INVALID_SETTING
 */
export async function administeredDatabase(): Promise<DatabaseSettings> {
  const {database, dataDir} = readSettings(withSecret(process.env));
  return database ?? runningPostgres(dataDir);
}

/** PostgreSQL, connection URIs. */
function urlOf({host, port, user, password, database, ssl}: DatabaseSettings): string {
  const login = [user, password].map(encodeURIComponent).join(':');
  const address = host.includes(':') ? `[${host}]` : host;
  return `postgres://${login}@${address}:${port}/${encodeURIComponent(database)}${ssl ? '?sslmode=verify-full' : ''}`;
}
