import {randomUUID} from 'node:crypto';
import {pipeline} from 'node:stream';
import {createGzip} from 'node:zlib';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {resultKey} from '../archive/archive-layout';
import type {ArchiveReader} from '../archive/archive-reader';
import type {ObjectStore} from '../archive/object-store';
import {verifiedPages} from '../archive/verified-pages';
import {exportFileName} from '../export/export-file-name';
import type {EntryPages} from '../export/export-format';
import {exportFormat} from '../export/export-formats';
import type {ExportHandler} from '../export/export-handler';
import {ndjsonFormat} from '../export/ndjson';
import {withSomePages} from '../export/some-pages';
import type {ColumnBuilder} from '../export/table';
import {timeRangeOf} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import type {Selection} from '../models/selection';
import {NEWEST_FIRST} from '../query/order';
import {
  type ArchiveRow,
  archivesOverlapping,
  findArchive,
  replacedMeanwhile,
} from '../repositories/archive-rows';
import type {Database} from '../repositories/database';
import type {JobOrder, JobRow} from '../repositories/job-rows';
import {makeRecall, recall, streamWithRecalled} from '../repositories/recall-archived';
import {counted} from './counted';
import type {JobContext, JobWork} from './job-runner';

export interface RecallJobParts {
  database: Database;
  store: ObjectStore;
  read: ArchiveReader;
  handle: ExportHandler;
  columns: ColumnBuilder | undefined;
}

/** What a completed query keeps: where its entries are. */
export interface QueryOutcome {
  key: string;
  entries: number;
}

/** Answers a query from the database and the archives together; the answer is kept in the object store. */
export const queryJob =
  (parts: RecallJobParts): JobWork =>
  async (job, context): Promise<QueryOutcome> => {
    let entries = 0;
    const tally = {
      ...context,
      progress(rows: number) {
        entries = rows;
        context.progress(rows);
      },
    };
    // A file for each attempt: one that was given up for dead may still be writing its own.
    const key = resultKey(job.tenantId, `${job.id}-${randomUUID()}`);
    const ndjson = ndjsonFormat.write(counted(entriesOf(parts, job, context), tally));
    // The callback has nothing to do: a fault on the way is the fault of the body, which the put throws.
    const body = pipeline(ndjson, createGzip(), () => {});
    await parts.store.put(key, body, {contentType: 'application/gzip'});
    return {key, entries};
  };

/** Exports what a query finds in the database and the archives, and hands the file to the export handler. */
export const exportJob =
  (parts: RecallJobParts): JobWork =>
  async (job, context): Promise<object> => {
    const format = exportFormat(job.order.format ?? 'xlsx');
    const {contentType} = format;
    return withSomePages(entriesOf(parts, job, context), async pages => {
      const content = format.write(counted(pages, context), {...(parts.columns && {columns: parts.columns})});
      const name = exportFileName(format, new Date(job.createdAt));
      const {tenantId, requestedBy} = job;
      const handled = await parts.handle({name, contentType, content}, {tenantId, requestedBy});
      return {message: 'Audit logs exported successfully.', name, contentType, ...handled};
    });
  };

/** Every entry that a job asks for, from both places, from one snapshot of the database. */
function entriesOf(
  {database, store, read}: RecallJobParts,
  {tenantId, order}: JobRow,
  {signal}: JobContext,
): AsyncGenerator<AuditEntry[]> {
  const selection = selectionOf(order);
  return database.stream(
    {role: 'audit_reader', tenantId, repeatable: true},
    async function* (session) {
      const archives = await archivesOverlapping(session, tenantId, timeRangeOf(selection.condition));
      await makeRecall(session);
      for (const archive of archives) {
        const pages = verifiedPages(store, archive, read);
        for await (const page of database.precedence.pace(unlessReplaced(pages, database, archive))) {
          signal.throwIfAborted();
          await recall(session, page);
        }
      }
      yield* streamWithRecalled(session, tenantId, selection);
    },
    signal,
  );
}

/**
 * The entries of a file that an erasure may replace while they are read.
 *
 * @throws AuditError ARCHIVE_CONFLICT where it has: another attempt finds the new file
 */
async function* unlessReplaced(
  pages: EntryPages,
  database: Database,
  archive: ArchiveRow,
): AsyncGenerator<readonly AuditEntry[]> {
  const {tenantId, id, fileName} = archive;
  try {
    yield* pages;
  } catch (cause) {
    const now = await database.transaction({role: 'audit_reader', tenantId}, session =>
      findArchive(session, tenantId, id),
    );
    throw now?.fileName === fileName ? cause : replacedMeanwhile(cause);
  }
}

function selectionOf({condition, order, limit, skip, fields}: JobOrder): Selection {
  const known = fields?.map(columnOf).filter(column => column !== undefined);
  return {
    condition,
    order: order ?? NEWEST_FIRST,
    ...(limit !== undefined && {limit}),
    ...(skip !== undefined && {skip}),
    ...(known && {fields: new Set(known.map(({property}) => property))}),
  };
}
