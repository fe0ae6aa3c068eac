import type {JsonObject} from '@loopback-audit/audit-log';
import {type Admitted, admitOwn, type Bearer} from '../admission/admit';
import {ERASE_ACTION} from '../integrity/erasures';
import {type Erasure, leafRanges} from '../models/erasure';
import type {Database, Session} from './database';
import type {Erased} from './erase-entries';
import {toldInTrail} from './told-in-trail';

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
  return toldInTrail(database, {tenantId, background: order.background ?? false}, async session => {
    const erased = await work(session);
    const entries = erased.entries === 0 ? [] : tellingOf(order, erased);
    return {result: {count: erased.entries, told: entries.map(({entry}) => entry.id)}, entries};
  });
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
