import type {JsonObject} from '@loopback-audit/audit-log';
import {type Admitted, admitOwn, type Bearer} from '../admission/admit';
import {AuditError} from '../errors';
import {ERASE_ACTION} from '../integrity/erasures';
import {type Erasure, leafRanges} from '../models/erasure';
import {currentTime} from '../models/time';
import type {Database, Session} from './database';
import type {Erased} from './erase-entries';
import {leafRow} from './leaf-row';
import {ensurePartitions, hasMoved} from './partitions';
import {storeEntries} from './store-entries';

/** Leaf ranges of one entry at most: its metadata stays far below the length of an entry. */
const MAX_RANGES = 10_000;

/** Who has whose data erased. */
export interface ErasureOrder {
  erasure: Erasure;
  bearer: Bearer;
  /** What else the trail is to say of it, such as the archive file that was written anew. */
  about?: JsonObject;
  /** Whether nobody waits for it. */
  background?: boolean;
}

/**
 * Erases, and tells of it in the trail, in one transaction: who did it, whose data and why, and which leaves have lost
 * their values by it. Where nothing is reached there is nothing to tell.
 *
 * @param work erases; it may be run a second time, after nothing of the first has been kept
 * @returns how many entries were reached, and the ids of the entries that tell of it
 */
export async function recordedErasure(
  database: Database,
  order: ErasureOrder,
  work: (session: Session) => Promise<Erased>,
): Promise<{count: number; told: string[]}> {
  const {tenantId} = order.bearer;
  const once = async () => {
    const partitionOf = await ensurePartitions(database, tenantId, [currentTime()]);
    const background = order.background ?? false;
    return database.transaction({role: 'audit_writer', tenantId, background}, async session => {
      const erased = await work(session);
      if (erased.entries === 0) return {count: 0, told: []};
      const rows = tellingOf(order, erased).map(each => leafRow(each));
      const [outcome] = await storeEntries(session, tenantId, [rows], partitionOf);
      if (outcome instanceof AuditError) throw outcome;
      return {count: erased.entries, told: rows.map(({id}) => id)};
    });
  };
  const done = await once().catch(error => {
    // Partitions come and go without asking a writer.
    if (!hasMoved(database, error)) throw error;
    return once();
  });
  database.growth.tell(tenantId, done.told.length);
  return done;
}

/** What the trail tells of a job that erases: how many entries it has reached, by whichever attempt, and where it says so. */
export async function toldByJob(
  database: Database,
  {id, tenantId}: {id: string; tenantId: string},
): Promise<{count: number; told: string[]}> {
  const sql = `SELECT id, metadata->>'entries' FROM audit_entries
    WHERE tenant_id = $1 AND action = $2 AND metadata->>'job' = $3
    ORDER BY acted_at, id`;
  const rows = await database.transaction({role: 'audit_reader', tenantId}, session =>
    session.rows(sql, [tenantId, ERASE_ACTION, id]),
  );
  return {
    count: rows.reduce((sum, [, entries]) => sum + Number(entries), 0),
    told: rows.map(([each]) => String(each)),
  };
}

/** The entries that tell of an erasure: one, unless it has reached leaves in very many places. */
function tellingOf({erasure, bearer, about}: ErasureOrder, {entries, leaves}: Erased): Admitted[] {
  const {dataSubjectId, actor, reason} = erasure;
  const ranges = leafRanges(leaves);
  const parts = Array.from({length: Math.max(1, Math.ceil(ranges.length / MAX_RANGES))}, (_, i) =>
    ranges.slice(i * MAX_RANGES, (i + 1) * MAX_RANGES),
  );
  return parts.map((part, i) => {
    // What has no place in the tree is told of once.
    const unsealed = i === 0 ? entries - leaves.length : 0;
    const sealed = part.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const metadata = {
      ...about,
      ...(actor !== undefined && {actor}),
      ...{entries: sealed + unsealed, leaves: part},
      ...(unsealed > 0 && {unsealed}),
    };
    const given = {reason, category: 'data', severity: 'high', metadata};
    const subject = dataSubjectId === undefined ? {} : {dataSubjectId};
    const {entry} = admitOwn({action: ERASE_ACTION, ...subject, ...given}, bearer);
    return {entry, chosen: new Set()};
  });
}
