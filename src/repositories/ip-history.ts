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

/**
 * Addresses of the newest entries under a condition, the one seen last first; and whether there were no more entries.
 *
 * @param limit addresses at most
 * @param lookedThrough entries at most
 */
export async function ipHistory(
  session: Session,
  tenantId: string,
  condition: Condition,
  limit: number,
  lookedThrough = LOOKED_THROUGH,
): Promise<{addresses: AddressUse[]; complete: boolean}> {
  const parameters = new Parameters();
  const where = `tenant_id = ${parameters.add(tenantId)} AND ${conditionSql(condition, parameters)}`;
  // One entry more tells whether there are more; there is a row, whether any entry has an address or not.
  const rows = await session.rows(
    `WITH newest AS MATERIALIZED (
       SELECT ip, acted_at FROM audit_entries WHERE ${where}
        ORDER BY acted_at DESC LIMIT ${parameters.add(lookedThrough + 1)}),
     uses AS (
       SELECT ip, min(acted_at) AS first_seen, max(acted_at) AS last_seen, count(*) AS entries
         FROM (SELECT ip, acted_at FROM newest ORDER BY acted_at DESC LIMIT ${parameters.add(lookedThrough)}) looked
        WHERE ip IS NOT NULL GROUP BY ip ORDER BY last_seen DESC, ip LIMIT ${parameters.add(limit)})
     SELECT (SELECT count(*) FROM newest), host(ip), first_seen, last_seen, entries
       FROM (VALUES (1)) AS always LEFT JOIN uses ON true ORDER BY last_seen DESC, ip`,
    parameters.values,
  );
  const addresses = rows
    .filter(([, ip]) => ip !== null)
    .map(([, ip, firstSeen, lastSeen, entries]) => ({
      ip: String(ip),
      firstSeen: String(firstSeen),
      lastSeen: String(lastSeen),
      entries: Number(entries),
    }));
  return {addresses, complete: Number(rows[0]?.[0]) <= lookedThrough};
}
