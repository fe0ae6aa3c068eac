import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import {admitOwn, type Bearer} from '../admission/admit';
import {ERASURE_ACTION, type Erasure, leafRanges} from '../models/erasure';
import type {Session} from './database';
import type {Erased} from './erase-entries';
import {storeEntries} from './store-entries';

/** Leaf ranges of one entry at most: its metadata stays far below the length of an entry. */
const MAX_RANGES = 10_000;

/**
 * Tells in the trail of an erasure, in the transaction that erases: who did it, whose data and why, and which leaves
 * have lost their values by it. Answers the ids of the entries that tell.
 *
 * @param about what else the entry is to say, such as the archive file that was written anew
 */
export async function recordErasure(
  session: Session,
  erasure: Erasure,
  bearer: Bearer,
  {entries, leaves}: Erased,
  about: JsonObject = {},
): Promise<string[]> {
  const {dataSubjectId, actor, reason} = erasure;
  const ranges = leafRanges(leaves);
  const told: AuditEntry[] = [];
  for (let first = 0; first === 0 || first < ranges.length; first += MAX_RANGES) {
    const some = ranges.slice(first, first + MAX_RANGES);
    const sealed = some.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    // What has no place in the tree is told of once.
    const unsealed = first === 0 ? entries - leaves.length : 0;
    const metadata: JsonObject = {
      ...about,
      ...(actor !== undefined && {actor}),
      entries: sealed + unsealed,
      leaves: some,
      ...(unsealed > 0 && {unsealed}),
    };
    const {entry} = admitOwn(
      {
        action: ERASURE_ACTION,
        ...(dataSubjectId !== undefined && {dataSubjectId}),
        ...{reason, category: 'data', severity: 'high', metadata},
      },
      bearer,
    );
    told.push(entry);
  }
  const chosen: ReadonlySet<keyof AuditEntry> = new Set();
  await storeEntries(
    session,
    bearer.tenantId,
    told.map(entry => ({entry, chosen})),
  );
  return told.map(({id}) => id);
}
