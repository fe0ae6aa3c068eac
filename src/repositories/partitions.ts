import type {Database} from './database';

/** Where entries go whose month has no partition of its own. */
const DEFAULT_PARTITION = 'audit_logs_default';

/** PostgreSQL, appendix A: what a partition answers that has changed or gone: check_violation and its kin. */
const MOVED = ['23514', '42P01', '42501'];

/** A month that has no partition is asked for again after this time, in milliseconds: the tables may have been busy. */
const ASK_AGAIN_MS = 60_000;

interface Known {
  name: string;
  /** Until when it may be taken for true, by the clock of `performance`. */
  until: number;
}

/** The monthly partitions that this process has seen to, by month (`2026-11`). */
const known = new WeakMap<Database, Map<string, Known>>();

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
  const names = known.get(database) ?? new Map<string, Known>();
  known.set(database, names);
  for (const month of monthsOf(times)) {
    if ((names.get(month)?.until ?? 0) > performance.now()) continue;
    const [row] = await database.transaction({role: 'audit_writer', tenantId}, session =>
      session.rows('SELECT audit_ensure_partition($1)', [`${month}-01T00:00:00Z`]),
    );
    names.set(
      month,
      row?.[0]
        ? {name: `audit_logs_${month.replace('-', '_')}`, until: Infinity}
        : {name: DEFAULT_PARTITION, until: performance.now() + ASK_AGAIN_MS},
    );
  }
  return time => names.get(time.slice(0, 7))?.name ?? DEFAULT_PARTITION;
}

/**
 * The months of these times; with the present one the next, so that its partition is there before anybody needs it: a
 * long export may hold what making one takes.
 */
function monthsOf(times: Iterable<string>): Set<string> {
  const months = new Set<string>();
  for (const time of times) months.add(time.slice(0, 7));
  const now = new Date();
  if (months.has(now.toISOString().slice(0, 7))) {
    months.add(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString().slice(0, 7));
  }
  return months;
}

/** Entries that are moved out of the default partition in one transaction: a few seconds of them. */
const MOVED_AT_ONCE = 200_000;

/** Makes the partitions of this month and the two that follow. */
export async function preparePartitions(database: Database): Promise<void> {
  const now = new Date();
  for (const ahead of [0, 1, 2]) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead)).toISOString();
    await database.transaction({role: 'audit_writer', tenantId: '', background: true}, session =>
      session.rows('SELECT audit_ensure_partition($1)', [month]),
    );
  }
}

/**
 * Moves the entries of one month out of the default partition into one of their own.
 *
 * @returns the name of the partition, or undefined where nothing is to be moved, or not now
 */
export async function splitDefaultPartition(database: Database): Promise<string | undefined> {
  const [row] = await database.transaction({role: 'audit_writer', tenantId: '', background: true}, session =>
    session.rows('SELECT audit_split_default($1)', [MOVED_AT_ONCE]),
  );
  if (typeof row?.[0] !== 'string') return undefined;
  known.delete(database);
  return row[0];
}

/** Whether an error says that a partition is not what it was; what was known of partitions is forgotten then. */
export function hasMoved(database: Database, error: unknown): boolean {
  if (!MOVED.includes(String((error as {code?: unknown}).code))) return false;
  known.delete(database);
  return true;
}
