import {randomUUID} from 'node:crypto';
import {archiveKey} from '../archive/archive-layout';
import {type ArchiveReader, verifyArchive} from '../archive/archive-reader';
import type {ArchivedFile, ArchiveWriter} from '../archive/archive-writer';
import type {ObjectStore} from '../archive/object-store';
import {verifiedPages} from '../archive/verified-pages';
import {AuditError} from '../errors';
import {withSomePages} from '../export/some-pages';
import {OLDEST_FIRST} from '../query/order';
import {
  type ArchiveRow,
  findArchive,
  finishArchive,
  recordArchive,
  removeArchived,
} from '../repositories/archive-rows';
import type {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {Database} from '../repositories/database';
import type {JobRow} from '../repositories/job-rows';
import {clearLeftovers} from './clear-leftovers';
import {counted} from './counted';
import type {JobWork} from './job-runner';

export interface ArchiveJobParts {
  database: Database;
  auditLogs: AuditTrailRepository;
  store: ObjectStore;
  write: ArchiveWriter;
  read: ArchiveReader;
}

/** What a completed archive job answers, in SourceLoop's words. */
export interface ArchiveOutcome {
  message: string;
  numberOfEntriesArchived: number;
  key: string;
}

/**
 * Moves entries to the object store: writes them to a file, reads the file back and compares its hash, and
 * only then, in one transaction, records the file and removes exactly the entries that it holds, by their
 * ids as the file gives them. Entries that arrive meanwhile stay.
 *
 * Until that transaction commits the entries are in the database and the file counts for nothing; after it
 * the file answers for them. Each attempt writes a file of its own, so that an attempt that was given up
 * for dead can harm no other; what such attempts leave is cleared away once one has committed.
 */
export function archiveJob(given: ArchiveJobParts): JobWork {
  const {database, auditLogs, store, write} = given;
  const read: ArchiveReader = (from, key) => database.precedence.pace(given.read(from, key));
  const parts = {...given, read};
  return async (job, context): Promise<ArchiveOutcome> => {
    const {tenantId, id} = job;
    const committed = await database.transaction({role: 'audit_reader', tenantId}, session =>
      findArchive(session, tenantId, id),
    );
    const archive = committed ?? (await move());
    // The archive stands whether or not the store lets them go.
    await clearLeftovers(database, store, tenantId, id).catch(() => {});
    return outcomeOf(archive);

    async function move(): Promise<ArchiveRow> {
      const selection = {condition: job.order.condition, order: OLDEST_FIRST};
      const source = auditLogs.stream(tenantId, selection, context.signal);
      const file = await withSomePages(source, (pages, first) => {
        const key = archiveKey(tenantId, first[0]?.actedAt ?? '', `${id}-${randomUUID()}`);
        return write(store, key, counted(pages, context));
      });
      const {key} = file;
      try {
        await verifyArchive(store, key, file, read);
        context.signal.throwIfAborted();
      } catch (error) {
        await store.delete(key).catch(() => {});
        throw error;
      }
      const row = rowOf(job, file);
      await commit(parts, row, context.signal).catch(async error => {
        // It has certainly not committed, and what it wrote may hold values that are being erased.
        if (isOvertaken(error)) await store.delete(key).catch(() => {});
        throw error;
      });
      return row;
    }
  };
}

async function commit({database, store, read}: ArchiveJobParts, archive: ArchiveRow, signal: AbortSignal) {
  const {tenantId} = archive;
  await database.transaction({role: 'audit_writer', tenantId, background: true}, async session => {
    await recordArchive(session, archive);
    let removed = 0;
    for await (const page of verifiedPages(store, archive, read)) {
      signal.throwIfAborted();
      removed += await removeArchived(session, archive, page);
    }
    if (removed !== archive.entries) throw overtaken(archive, removed);
    await finishArchive(session, archive);
  });
}

const overtaken = ({entries}: ArchiveRow, removed: number) =>
  new AuditError(
    'ARCHIVE_CONFLICT',
    `Of ${entries} entries that were written ${entries - removed} had left the database or were erased meanwhile; none was removed.`,
  );

const isOvertaken = (error: unknown): boolean =>
  error instanceof AuditError && error.code === 'ARCHIVE_CONFLICT';

const outcomeOf = ({entries, fileName}: ArchiveRow): ArchiveOutcome => ({
  message: 'Entries archived successfully',
  numberOfEntriesArchived: entries,
  key: fileName,
});

function rowOf(job: JobRow, file: ArchivedFile): ArchiveRow {
  return {
    id: job.id,
    tenantId: job.tenantId,
    fileName: file.key,
    filterUsed: job.order.filter,
    format: 'csv.gz',
    entries: file.entries,
    firstActedAt: file.firstActedAt,
    lastActedAt: file.lastActedAt,
    firstLeaf: file.firstLeaf,
    lastLeaf: file.lastLeaf,
    bytes: file.bytes,
    sha256: file.sha256,
    requestedBy: job.requestedBy,
  };
}
