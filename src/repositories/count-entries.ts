import type {Database} from './database';

/** Entries that are counted in one transaction. */
const AT_ONCE = 5_000;

/** Tenants that have entries which are not in the counts yet. */
export async function uncountedTenants(database: Database): Promise<string[]> {
  const rows = await database.transaction({role: 'audit_writer', tenantId: '', background: true}, session =>
    session.rows('SELECT audit_uncounted()'),
  );
  return rows.map(([tenantId]) => String(tenantId));
}

/** Counts some of a tenant's entries that are not counted yet. Answers how many are left for whoever comes next. */
export async function countNext(database: Database, tenantId: string): Promise<number> {
  const [row] = await database.transaction({role: 'audit_writer', tenantId, background: true}, session =>
    session.rows('SELECT audit_count_next($1, $2)', [tenantId, AT_ONCE]),
  );
  return Number(row?.[0]);
}
