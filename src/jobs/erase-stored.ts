import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Bearer} from '../admission/admit';
import type {EntryPages} from '../export/export-format';
import type {Erasure} from '../models/erasure';
import {erasable} from '../query/erasure';
import {OLDEST_FIRST} from '../query/order';
import type {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {Database} from '../repositories/database';
import {eraseEntries} from '../repositories/erase-entries';
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
 * Erases what is in the database, a page at a time, each with the entry that tells of it in one transaction. Where it is
 * cut off, another call does what is left.
 *
 * @throws AuditError TREE_DAMAGED where an entry is not what was sealed; the pages before it are erased
 */
export async function eraseStored(
  {database, auditLogs}: {database: Database; auditLogs: AuditTrailRepository},
  erasure: Erasure,
  bearer: Bearer,
): Promise<ErasureOutcome> {
  const {tenantId} = bearer;
  const selection = {condition: erasable(erasure), order: OLDEST_FIRST};
  let count = 0;
  const entries: string[] = [];
  for await (const page of gathered(auditLogs.stream(tenantId, selection))) {
    const done = await recordedErasure(database, {erasure, bearer}, session =>
      eraseEntries(session, tenantId, page),
    );
    count += done.count;
    entries.push(...done.told);
  }
  return erasureOutcome(count, entries);
}

async function* gathered(pages: EntryPages): AsyncGenerator<AuditEntry[]> {
  let gathering: AuditEntry[] = [];
  for await (const page of pages) {
    gathering.push(...page);
    if (gathering.length < AT_ONCE) continue;
    yield gathering;
    gathering = [];
  }
  if (gathering.length > 0) yield gathering;
}
