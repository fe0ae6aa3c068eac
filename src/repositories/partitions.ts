import type {Database} from './database';

/** Where entries go whose month has no partition of its own. */
const DEFAULT_PARTITION = 'audit_logs_default';

/** PostgreSQL, appendix A: what a partition answers that has changed or gone: check_violation and its kin. */
const MOVED = ['23514', '42P01', '42501'];

/** The monthly partitions that this process has seen to, by month (`2026-11`). */
const known = new WeakMap<Database, Map<string, string>>();

/** The name of the partition of a time (RFC 3339, UTC) that was seen to before. */
export type PartitionOf = (time: string) => string;

/**
 * Sees to the monthly partitions that entries of these times belong to, once for each month and process. A month
 * without a partition is stored in the default partition, so nothing is lost where none can be made.
 *
 * @param times RFC 3339, UTC
 */
export async function ensurePartitions(
  database: Database,
  tenantId: string,
  times: Iterable<string>,
): Promise<PartitionOf> {
  const names = known.get(database) ?? new Map<string, string>();
  known.set(database, names);
  for (const time of times) {
    const month = time.slice(0, 7);
    if (names.has(month)) continue;
    const [row] = await database.transaction({role: 'audit_writer', tenantId}, session =>
      session.rows('SELECT audit_ensure_partition($1)', [`${month}-01T00:00:00Z`]),
    );
    names.set(month, row?.[0] ? `audit_logs_${month.replace('-', '_')}` : DEFAULT_PARTITION);
  }
  return time => names.get(time.slice(0, 7)) ?? DEFAULT_PARTITION;
}

/** Whether an error says that a partition is not what it was; what was known of partitions is forgotten then. */
export function hasMoved(database: Database, error: unknown): boolean {
  if (!MOVED.includes(String((error as {code?: unknown}).code))) return false;
  known.delete(database);
  return true;
}
