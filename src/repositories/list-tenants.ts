import type {Pool} from 'pg';
import {databaseError} from './database-error';

/**
 * Every tenant that has entries, a tree or checkpoints. The login must be a superuser, or be allowed to become
 * `audit_owner`, whom the policies of the tables let see all of them.
 *
 * @throws AuditError DATABASE_UNAVAILABLE; a fault of PostgreSQL where the login may not
 */
export async function listTenants(pool: Pool, schema: string): Promise<string[]> {
  const client = await pool.connect().catch(error => {
    throw databaseError(error);
  });
  try {
    await client.query('BEGIN READ ONLY');
    const {rows} = await client.query("SELECT current_setting('is_superuser') = 'on' AS is_superuser");
    if (!rows[0].is_superuser) await client.query('SET LOCAL ROLE audit_owner');
    await client.query(`SET LOCAL search_path TO ${client.escapeIdentifier(schema)}, pg_temp`);
    const tenants = await client.query(
      `SELECT tenant_id FROM audit_trees UNION SELECT tenant_id FROM audit_logs
        UNION SELECT tenant_id FROM audit_checkpoints UNION SELECT tenant_id FROM archived_entries ORDER BY 1`,
    );
    return tenants.rows.map(row => String(row.tenant_id));
  } finally {
    await client.query('ROLLBACK').catch(() => {});
    client.release();
  }
}
