import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import type {TimeRange} from '../models/condition';
import type {Database, Session} from './database';

/** What the database keeps of an archive file. */
export interface ArchiveRow {
  id: string;
  tenantId: string;
  fileName: string;
  filterUsed: object;
  format: string;
  entries: number;
  firstActedAt: string;
  lastActedAt: string;
  firstLeaf: number | undefined;
  lastLeaf: number | undefined;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
  requestedBy: string;
}

/** From here on until the transaction ends nobody else changes which archive files the tenant has. */
export async function takeTurns(session: Session, tenantId: string): Promise<void> {
  await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('audit-archive:' || $1, 0))", [tenantId]);
}

/** PostgreSQL, appendix A: class 22, values that are none of their type. */
const DATA_EXCEPTION = /^22/;

const unreadable = (cause: unknown) =>
  new AuditError('ARCHIVE_MISMATCH', 'The archive file names what is no entry.', [], {cause});

/** PostgreSQL, appendix A: unique_violation. */
const UNIQUE_VIOLATION = '23505';
/** PostgreSQL, appendix A: integrity_constraint_violation. */
const INTEGRITY_VIOLATION = '23000';

const recordedAlready = (cause: unknown) =>
  new AuditError('ARCHIVE_CONFLICT', 'Another attempt has recorded this archive.', [], {cause});

/** What is said where an erasure has put another file in the place of the one that was expected. */
export const replacedMeanwhile = (cause: unknown) =>
  new AuditError('ARCHIVE_CONFLICT', 'The archive has another file by now.', [], {cause});

/**
 * Records an archive file; {@link removeArchived} and {@link finishArchive} follow in the same transaction.
 * Archives of one tenant take turns from here on, for each may remove what the other locks.
 *
 * @throws AuditError ARCHIVE_CONFLICT where the archive has been recorded already
 */
export async function recordArchive(session: Session, archive: ArchiveRow): Promise<void> {
  await takeTurns(session, archive.tenantId);
  await session
    .rows('SELECT audit_record_archive($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', [
      archive.id,
      archive.tenantId,
      archive.fileName,
      JSON.stringify(archive.filterUsed),
      archive.format,
      archive.entries,
      archive.firstActedAt,
      archive.lastActedAt,
      archive.firstLeaf ?? null,
      archive.lastLeaf ?? null,
      archive.bytes,
      archive.sha256,
      archive.requestedBy,
    ])
    .catch(error => {
      throw error?.code === UNIQUE_VIOLATION ? recordedAlready(error) : error;
    });
}

/**
 * Removes exactly these entries, which the archive file has been proved to hold. Answers how many there were. One that
 * was erased since the file was written stays.
 *
 * @throws AuditError ARCHIVE_MISMATCH where the file gives ids or times that are none
 */
export async function removeArchived(
  session: Session,
  archive: Pick<ArchiveRow, 'id' | 'tenantId'>,
  entries: readonly Pick<AuditEntry, 'id' | 'actedAt' | 'commitments'>[],
): Promise<number> {
  const times = entries.map(({actedAt}) => actedAt);
  const ids = entries.map(({id}) => id);
  const erased = entries.map(({commitments}) => commitments !== undefined);
  const sql = 'SELECT audit_remove_archived($1, $2, $3::timestamptz[], $4::uuid[], $5::boolean[])';
  const [row] = await session.rows(sql, [archive.id, archive.tenantId, times, ids, erased]).catch(error => {
    throw DATA_EXCEPTION.test(error?.code) ? unreadable(error) : error;
  });
  return Number(row?.[0]);
}

/** Ends the recording; the database refuses where the number of removed entries is not that of the file. */
export async function finishArchive(
  session: Session,
  archive: Pick<ArchiveRow, 'id' | 'tenantId'>,
): Promise<void> {
  await session.rows('SELECT audit_finish_archive($1, $2)', [archive.id, archive.tenantId]);
}

/**
 * Puts a file in the place of an archive file that held the same entries before some were erased.
 *
 * @throws AuditError ARCHIVE_CONFLICT where the archive has another file by now
 */
export async function replaceArchive(
  session: Session,
  {id, tenantId, fileName}: ArchiveRow,
  file: Pick<ArchiveRow, 'fileName' | 'entries' | 'firstLeaf' | 'lastLeaf' | 'bytes' | 'sha256'>,
): Promise<void> {
  const {entries, firstLeaf, lastLeaf, bytes, sha256} = file;
  const values = [id, tenantId, fileName, file.fileName, entries, firstLeaf ?? null, lastLeaf ?? null];
  await session
    .rows('SELECT audit_replace_archive($1, $2, $3, $4, $5, $6, $7, $8, $9)', [...values, bytes, sha256])
    .catch(cause => {
      throw cause?.code === INTEGRITY_VIOLATION ? replacedMeanwhile(cause) : cause;
    });
}

const COLUMNS =
  'id, tenant_id, file_name, filter_used, format, entries, first_acted_at, last_acted_at, first_leaf, last_leaf, bytes, sha256, requested_by';

function archiveFromRow(row: readonly unknown[]): ArchiveRow {
  const [id, tenantId, fileName, filterUsed, format, entries, firstActedAt, lastActedAt, ...rest] = row;
  const [firstLeaf, lastLeaf, bytes, sha256, requestedBy] = rest;
  return {
    ...{id, tenantId, fileName, filterUsed, format, entries, firstActedAt, lastActedAt},
    ...{firstLeaf: firstLeaf ?? undefined, lastLeaf: lastLeaf ?? undefined, bytes, sha256, requestedBy},
  } as ArchiveRow;
}

/** The archive file of this id, where it has been recorded. */
export async function findArchive(
  session: Session,
  tenantId: string,
  id: string,
): Promise<ArchiveRow | undefined> {
  const sql = `SELECT ${COLUMNS} FROM mapping_logs WHERE tenant_id = $1 AND id = $2`;
  const [row] = await session.rows(sql, [tenantId, id]);
  return row && archiveFromRow(row);
}

/** Whether anything of a tenant has been archived. */
export async function hasArchives(database: Database, tenantId: string): Promise<boolean> {
  const rows = await database.transaction({role: 'audit_reader', tenantId}, session =>
    session.rows('SELECT FROM mapping_logs WHERE tenant_id = $1 LIMIT 1', [tenantId]),
  );
  return rows.length > 0;
}

/** The archive files that may hold entries of a time range, oldest first. */
export async function archivesOverlapping(
  session: Session,
  tenantId: string,
  range: TimeRange,
): Promise<ArchiveRow[]> {
  const rows = await session.rows(
    `SELECT ${COLUMNS} FROM mapping_logs
      WHERE tenant_id = $1 AND state = 'done'
        AND ($2::timestamptz IS NULL OR last_acted_at >= $2) AND ($3::timestamptz IS NULL OR first_acted_at <= $3)
      ORDER BY first_acted_at, id`,
    [tenantId, range.from ?? null, range.to ?? null],
  );
  return rows.map(archiveFromRow);
}
