import type {Bearer} from '../admission/admit';
import type {Erasure} from '../models/erasure';
import type {Selection} from '../models/selection';
import {erasable} from '../query/erasure';
import {OLDEST_FIRST} from '../query/order';
import type {Database} from '../repositories/database';
import {eraseEntries} from '../repositories/erase-entries';
import {findEntries} from '../repositories/find-entries';
import {recordedErasure} from '../repositories/record-erasure';

/** Entries of one transaction: others wait for its lock on the tree no longer than it takes to record it. */
const AT_ONCE = 500;

/** What an erasure has done so far. */
export interface ErasureOutcome {
  message: string;
  numberOfEntriesErased: number;
  /** Ids of the entries that tell of it. */
  entries: string[];
}

export const erasureOutcome = (numberOfEntriesErased: number, entries: string[]): ErasureOutcome => ({
  message: 'Erased successfully',
  numberOfEntriesErased,
  entries,
});

/**
 * Erases what is in the database, a page at a time, each with the entry that tells of it in one transaction. A page is
 * read in a transaction of its own that has ended by then, so that an erasure holds one connection at a time. Where it is
 * cut off, another call does what is left.
 *
 * @throws AuditError TREE_DAMAGED where an entry is not what was sealed; the pages before it are erased
 */
export async function eraseStored(
  {database}: {database: Database},
  erasure: Erasure,
  bearer: Bearer,
): Promise<ErasureOutcome> {
  const {tenantId} = bearer;
  let count = 0;
  const entries: string[] = [];
  let selection: Selection & {limit: number} = {
    condition: erasable(erasure),
    order: OLDEST_FIRST,
    limit: AT_ONCE,
  };
  for (;;) {
    const page = await database.transaction({role: 'audit_reader', tenantId}, session =>
      findEntries(session, tenantId, selection),
    );
    const last = page.at(-1);
    if (!last) return erasureOutcome(count, entries);
    const done = await recordedErasure(database, {erasure, bearer}, session =>
      eraseEntries(session, tenantId, page),
    );
    count += done.count;
    entries.push(...done.told);
    selection = {...selection, after: [last.actedAt, last.id]};
  }
}
