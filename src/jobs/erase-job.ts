import {randomUUID} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {archiveKey} from '../archive/archive-layout';
import {type ArchiveReader, verifyArchive} from '../archive/archive-reader';
import type {ArchivedFile, ArchiveWriter} from '../archive/archive-writer';
import type {ObjectStore} from '../archive/object-store';
import {verifiedPages} from '../archive/verified-pages';
import {AuditError} from '../errors';
import {erasedEntry} from '../integrity/erased-entry';
import {type Erasure, isReached} from '../models/erasure';
import {type ArchiveRow, archivesOverlapping, replaceArchive, takeTurns} from '../repositories/archive-rows';
import type {Database} from '../repositories/database';
import {eraseArchived} from '../repositories/erase-entries';
import {type ErasureOrder, recordedErasure, toldByJob} from '../repositories/record-erasure';
import {clearLeftovers} from './clear-leftovers';
import {type ErasureOutcome, erasureOutcome} from './erase-stored';
import {isPassing, type JobContext, type JobWork} from './job-runner';

export interface EraseJobParts {
  database: Database;
  store: ObjectStore;
  write: ArchiveWriter;
  read: ArchiveReader;
}

/**
 * Erases what is in archives. A file that holds such entries is written anew without the values, read back and compared;
 * one transaction puts it in the old one's place, erases what the database keeps of those entries, and tells of it. Until
 * then the old file answers, from then on the new one, and the old one is deleted.
 *
 * Every file of the tenant is read, for nothing else knows whose entries it holds. What is answered is what the trail tells
 * of the job, by all of its attempts.
 *
 * @throws the fault of an archive, once every other has had its turn
 */
export function eraseJob(given: EraseJobParts): JobWork {
  const {database, store} = given;
  const parts = {...given, read: pacedReader(given)};
  return async ({tenantId, id, order, requestedBy}, context): Promise<ErasureOutcome> => {
    const erasure = order.filter as Erasure;
    const bearer = {tenantId, actor: requestedBy, actorType: order.actorType ?? 'user'};
    const archives = await database.transaction({role: 'audit_reader', tenantId}, session =>
      archivesOverlapping(session, tenantId, {}),
    );
    const job = {id, tenantId};
    // What earlier attempts have done.
    let {count, told} = await toldByJob(database, job);
    const faults: unknown[] = [];
    for (const archive of archives) {
      try {
        if (await holdsSome(parts, archive, erasure, context)) {
          const about = {archive: archive.id, job: id};
          const done = await rewrite(parts, archive, {erasure, bearer, about, background: true}, context);
          count += done.count;
          told = [...told, ...done.told];
          context.progress(count);
        }
        await clearLeftovers(database, store, tenantId, archive.id);
      } catch (error) {
        // An archive at fault keeps no other from being erased; without a database, or a lease, none can be.
        if (context.signal.aborted || codeOf(error) === 'DATABASE_UNAVAILABLE') throw error;
        faults.push(error);
      }
    }
    // What may pass first, for then the job is tried again.
    if (faults.length > 0) throw faults.find(error => isPassing(codeOf(error))) ?? faults[0];
    return erasureOutcome(count, told);
  };
}

const codeOf = (error: unknown): string | undefined => (error instanceof AuditError ? error.code : undefined);

const pacedReader =
  ({database, read}: EraseJobParts): ArchiveReader =>
  (store, key) =>
    database.precedence.pace(read(store, key));

const isLeft = (entry: AuditEntry, erasure: Erasure): boolean =>
  entry.commitments === undefined && isReached(entry, erasure);

async function holdsSome(
  {store, read}: EraseJobParts,
  archive: ArchiveRow,
  erasure: Erasure,
  {signal}: JobContext,
): Promise<boolean> {
  let found = false;
  for await (const page of verifiedPages(store, archive, read)) {
    signal.throwIfAborted();
    found ||= page.some(entry => isLeft(entry, erasure));
  }
  return found;
}

async function rewrite(
  {database, store, write, read}: EraseJobParts,
  archive: ArchiveRow,
  order: ErasureOrder,
  {signal}: JobContext,
): Promise<{count: number; told: string[]}> {
  const {erasure} = order;
  const {tenantId} = archive;
  const key = archiveKey(tenantId, archive.firstActedAt, `${archive.id}-${randomUUID()}`);
  const file = await write(store, key, erasedPages());
  await verifyArchive(store, key, file, read);
  const renewed = {...archive, ...rowOf(file)};
  return recordedErasure(database, order, async session => {
    await takeTurns(session, tenantId);
    await replaceArchive(session, archive, renewed);
    let entries = 0;
    const leaves: number[] = [];
    for await (const page of verifiedPages(store, renewed, read)) {
      signal.throwIfAborted();
      const reached = page.filter(entry => isReached(entry, erasure));
      const erased = await eraseArchived(session, tenantId, reached);
      entries += erased.entries;
      for (const leaf of erased.leaves) leaves.push(leaf);
    }
    return {entries, leaves};
  });

  async function* erasedPages() {
    for await (const page of verifiedPages(store, archive, read)) {
      signal.throwIfAborted();
      yield page.map(entry => (isLeft(entry, erasure) ? erasedEntry(entry) : entry));
    }
  }
}

const rowOf = ({key, entries, firstLeaf, lastLeaf, bytes, sha256}: ArchivedFile) => ({
  ...{fileName: key, entries, firstLeaf, lastLeaf, bytes, sha256},
});
