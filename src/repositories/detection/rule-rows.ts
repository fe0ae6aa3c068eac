import type {Database} from '../database';
import type {Session} from '../session';

/** A rule that a tenant has added, or one of the service that it has switched off. */
export interface RuleRow {
  id: string;
  /** The rule as it was sent; null of a rule of the service. */
  source: string | null;
  enabled: boolean;
  changedBy: string;
  changedAt: string;
}

/** What is kept of the rules of one tenant, by id. */
export async function tenantRules(session: Session, tenantId: string): Promise<RuleRow[]> {
  const text = `SELECT id, source, enabled, changed_by, changed_at FROM detection_rules WHERE tenant_id = $1 ORDER BY id`;
  return (await session.rows(text, [tenantId])).map(([id, source, enabled, changedBy, changedAt]) => ({
    ...{id: String(id), source: source as string | null, enabled: enabled === true},
    ...{changedBy: String(changedBy), changedAt: String(changedAt)},
  }));
}

export const readTenantRules = (database: Database, tenantId: string): Promise<RuleRow[]> =>
  database.transaction({role: 'audit_reader', tenantId}, session => tenantRules(session, tenantId));

/** Keeps a rule in the place of what was kept under its id. */
export async function storeRule(
  session: Session,
  tenantId: string,
  {id, source, enabled, changedBy}: Omit<RuleRow, 'changedAt'>,
): Promise<void> {
  await session.rows(
    `INSERT INTO detection_rules (tenant_id, id, source, enabled, changed_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id, id) DO UPDATE SET source = excluded.source, enabled = excluded.enabled,
       changed_by = excluded.changed_by, changed_at = clock_timestamp()`,
    [tenantId, id, source, enabled, changedBy],
  );
}

/** Forgets what was kept under an id. @returns whether there was anything */
export async function deleteRule(session: Session, tenantId: string, id: string): Promise<boolean> {
  const text = 'DELETE FROM detection_rules WHERE tenant_id = $1 AND id = $2 RETURNING id';
  return (await session.rows(text, [tenantId, id])).length > 0;
}
