import type {Database} from './database';

/** The number of leaves of each tenant's tree, by one statement; a tenant without a tree is left out. */
export async function treeSizes(
  database: Database,
  tenantIds: readonly string[],
): Promise<Map<string, number>> {
  const options = {role: 'audit_writer', tenantId: '', background: true, timeoutMs: 5_000} as const;
  const rows = await database.transaction(options, session =>
    session.rows('SELECT tenant, leaves FROM audit_tree_sizes($1)', [tenantIds], 'audit-tree-sizes'),
  );
  return new Map(rows.map(([tenantId, leaves]) => [String(tenantId), Number(leaves)]));
}
