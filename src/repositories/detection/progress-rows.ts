import type {Database} from '../database';
import type {Session} from '../session';
import {treeSize} from '../tree-rows';

/** How far a rule has looked. */
export interface Progress {
  /** The leaf that it looks at next. */
  position: number;
  /** Why it went no further when it last tried. */
  fault: string | null;
}

/**
 * Takes the turn of a tenant, until the transaction ends: one process at a time looks at its entries or changes its rules.
 *
 * @param wait whether to wait for it
 * @returns whether it was taken
 */
export async function takeTurn(session: Session, tenantId: string, wait: boolean): Promise<boolean> {
  const key = `hashtextextended('audit-detection ' || $1, 0)`;
  const text = wait
    ? `SELECT pg_advisory_xact_lock(${key}) IS NOT NULL`
    : `SELECT pg_try_advisory_xact_lock(${key})`;
  return (await session.rows(text, [tenantId]))[0]?.[0] === true;
}

/** How far the rules of a tenant have looked, by their ids. */
export async function progressOf(session: Session, tenantId: string): Promise<Map<string, Progress>> {
  const text = 'SELECT rule_id, position, fault FROM detection_progress WHERE tenant_id = $1';
  const rows = await session.rows(text, [tenantId]);
  return new Map(
    rows.map(([id, position, fault]) => [
      String(id),
      {position: Number(position), fault: fault as string | null},
    ]),
  );
}

export const readProgress = (
  database: Database,
  tenantId: string,
): Promise<{rules: Map<string, Progress>; size: number}> =>
  database.transaction({role: 'audit_reader', tenantId}, async session => ({
    rules: await progressOf(session, tenantId),
    size: await treeSize(session, tenantId),
  }));

/** Says how far rules have looked, or why they went no further. */
export async function moveOn(
  session: Session,
  tenantId: string,
  rules: readonly string[],
  position: number,
  fault: string | null = null,
): Promise<void> {
  await session.rows(
    `INSERT INTO detection_progress (tenant_id, rule_id, position, fault)
     SELECT $1, rule, $3, $4 FROM unnest($2::uuid[]) rule
     ON CONFLICT (tenant_id, rule_id) DO UPDATE SET position = excluded.position, fault = excluded.fault`,
    [tenantId, rules, position, fault],
  );
}

/** Has a rule begin anew, or forgets it. */
export async function forgetProgress(
  session: Session,
  tenantId: string,
  rules: readonly string[],
): Promise<void> {
  await session.rows('DELETE FROM detection_progress WHERE tenant_id = $1 AND rule_id = ANY ($2::uuid[])', [
    tenantId,
    rules,
  ]);
}

/**
 * Tenants that have entries which a rule has not looked at.
 *
 * @param rules ids of those that every tenant has
 */
export async function undetectedTenants(database: Database, rules: readonly string[]): Promise<string[]> {
  const rows = await database.transaction({role: 'audit_writer', tenantId: '', background: true}, session =>
    session.rows('SELECT audit_undetected_trees($1)', [rules]),
  );
  return rows.map(([tenantId]) => String(tenantId));
}
