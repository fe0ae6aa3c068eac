import type {Database} from './database';

/** Months whose partition this process has asked for. */
const asked = new WeakMap<Database, Set<string>>();

/**
 * Makes the monthly partitions that entries of these times belong to, once for each month and process.
 * A month without a partition is stored in the default partition, so nothing is lost where none can be made.
 *
 * @param times RFC 3339, UTC
 */
export async function ensurePartitions(
  database: Database,
  tenantId: string,
  times: Iterable<string>,
): Promise<void> {
  const done = asked.get(database) ?? new Set<string>();
  asked.set(database, done);
  const months = new Set([...times].map(time => time.slice(0, 7)).filter(month => !done.has(month)));
  for (const month of months) {
    await database.transaction({role: 'audit_writer', tenantId}, session =>
      session.rows('SELECT audit_ensure_partition($1)', [`${month}-01T00:00:00Z`]),
    );
    done.add(month);
  }
}
