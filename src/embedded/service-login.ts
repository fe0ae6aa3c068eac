import {randomBytes} from 'node:crypto';
import {Client} from 'pg';
import type {DatabaseSettings} from '../types';

const LOGIN = 'audit_service';

/**
 * Gives the service a login of its own on the PostgreSQL that comes along: one that may take on the roles of
 * writer and reader, and owns and may do nothing by itself. Its password is new at every start.
 *
 * @param administrator the login that has migrated the database
 */
export async function makeServiceLogin(administrator: DatabaseSettings): Promise<DatabaseSettings> {
  const password = randomBytes(24).toString('base64url');
  const {ssl: _ssl, ...connection} = administrator;
  const client = new Client(connection);
  await client.connect();
  try {
    const {rowCount} = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [LOGIN]);
    if (!rowCount) await client.query(`CREATE ROLE ${LOGIN} NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT`);
    await client.query(`ALTER ROLE ${LOGIN} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    await client.query(`GRANT audit_reader, audit_writer TO ${LOGIN}`);
  } finally {
    await client.end();
  }
  return {...administrator, user: LOGIN, password};
}
