import {Command} from 'commander';
import {AuditError} from '../errors';
import {migrate} from '../repositories/migrate';
import {readSettings} from '../settings';

export const migrateCommand = (): Command =>
  new Command('migrate')
    .description(
      'Bring the database of DB_HOST up to date. The PostgreSQL that comes along is migrated by serve.',
    )
    .addHelpText(
      'after',
      `
The login needs the right to create roles. A service that must not have it is started with MIGRATE=false and a
login of its own, which an administrator has made a member of audit_reader and audit_writer.`,
    )
    .action(async () => {
      const {database, schema} = readSettings(withSecret(process.env));
      if (!database) {
        throw new AuditError('INVALID_SETTING', 'DB_HOST is missing: it says which database to migrate.');
      }
      const done = await migrate(database, schema);
      process.stdout.write(done ? 'The database is migrated.\n' : 'The database is up to date.\n');
    });

/** For commands that take no token: no secret is asked for. */
export const withSecret = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  environment.JWT_SECRET || environment.JWT_JWKS_URI
    ? environment
    : {...environment, JWT_JWKS_URI: 'https://not-used.invalid'};
