import type {Condition} from '../models/condition';
import {conditionSql, Parameters} from './condition-sql';
import type {Session} from './database';

/** An address that somebody has acted from. */
export interface AddressUse {
  ip: string;
  firstSeen: string;
  lastSeen: string;
  entries: number;
}

/** Entries that are looked through: the newest. */
const LOOKED_THROUGH = 100_000;

/** Addresses of the newest 100,000 entries under a condition, the one seen last first; and whether there were more. */
export async function ipHistory(
  session: Session,
  tenantId: string,
  condition: Condition,
  limit: number,
): Promise<{addresses: AddressUse[]; complete: boolean}> {
  const parameters = new Parameters();
  const where = `tenant_id = ${parameters.add(tenantId)} AND ${conditionSql(condition, parameters)}`;
  const rows = await session.rows(
    `WITH newest AS MATERIALIZED (
       SELECT ip, acted_at FROM audit_entries WHERE ${where} ORDER BY acted_at DESC LIMIT ${parameters.add(LOOKED_THROUGH)})
     SELECT host(ip), min(acted_at), max(acted_at), count(*), (SELECT count(*) FROM newest) FROM newest
      WHERE ip IS NOT NULL GROUP BY ip ORDER BY max(acted_at) DESC, ip LIMIT ${parameters.add(limit)}`,
    parameters.values,
  );
  const addresses = rows.map(([ip, firstSeen, lastSeen, entries]) => ({
    ip: String(ip),
    firstSeen: String(firstSeen),
    lastSeen: String(lastSeen),
    entries: Number(entries),
  }));
  return {addresses, complete: Number(rows[0]?.[4] ?? 0) < LOOKED_THROUGH};
}
