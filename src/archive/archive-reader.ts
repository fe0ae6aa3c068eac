import {createHash} from 'node:crypto';
import {pipeline} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {AuditError, type ErrorDetail} from '../errors';
import type {EntryPages} from '../export/export-format';
import {readEntryCsv} from '../export/read-entry-csv';
import type {ArchivedFile} from './archive-writer';
import type {ObjectStore} from './object-store';

/**
 * Reads the entries of an archive file back, exactly as they were written, in their order. An
 * application may bind its own, with an `ArchiveWriter` that writes what it reads.
 *
 * MUST NOT hold more than a few pages, and MUST release the object when its consumer stops. Throws
 * OBJECT_NOT_FOUND for a missing object and ARCHIVE_MISMATCH for one that is damaged. Damage MAY be
 * noticed only after pages were given, so what was read counts only once the last page has come.
 */
export type ArchiveReader = (store: ObjectStore, key: string) => EntryPages;

/** Reads what `writeArchive` wrote. */
export const readArchive: ArchiveReader = async function* (store, key) {
  const object = await store.get(key);
  const csv = pipeline(object, createGunzip(), () => {});
  try {
    yield* readEntryCsv(csv);
  } catch (error) {
    throw isDamage(error) ? damaged(key, error) : error;
  } finally {
    csv.destroy();
    object.destroy();
  }
};

/** Faults of zlib have a `code` such as `Z_DATA_ERROR`; those of the CSV are our own. */
function isDamage(error: unknown): boolean {
  if (error instanceof AuditError) return error.code === 'INVALID_FILE';
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function damaged(key: string, cause: unknown): AuditError {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, '') : 'unreadable';
  return new AuditError(
    'ARCHIVE_MISMATCH',
    `The archive "${key}" is damaged: ${reason}. Restore the object from a copy.`,
    [],
    {cause},
  );
}

/** What was noted of an archive file when it was written. */
export type ExpectedArchive = Pick<ArchivedFile, 'bytes' | 'sha256' | 'entries'>;

/**
 * Proves that the store holds an archive file as it was written: reads the object back and compares
 * its length and SHA-256, then reads its entries and counts them. Two passes, so that damage is named
 * for what it is whatever the format of the file.
 *
 * @throws AuditError ARCHIVE_MISMATCH, with a detail for each thing that differs: `bytes`, `sha256` or
 * `entries`; OBJECT_NOT_FOUND; STORE_FAILED; STORE_REFUSED
 */
export async function verifyArchive(
  store: ObjectStore,
  key: string,
  expected: ExpectedArchive,
  read: ArchiveReader = readArchive,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of await store.get(key)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const stored = {bytes, sha256: hash.digest('hex')};
  compare(key, [difference('bytes', expected, stored), difference('sha256', expected, stored)]);

  let entries = 0;
  for await (const page of read(store, key)) entries += page.length;
  compare(key, [difference('entries', expected, {entries})]);
}

const NAMES = {bytes: 'length in bytes', sha256: 'SHA-256', entries: 'number of entries'};

function difference<Field extends keyof ExpectedArchive>(
  field: Field,
  expected: Pick<ExpectedArchive, Field>,
  stored: Pick<ExpectedArchive, Field>,
): ErrorDetail[] {
  if (expected[field] === stored[field]) return [];
  const message = `The ${NAMES[field]} is ${stored[field]} and should be ${expected[field]}.`;
  return [{field, code: 'DIFFERS', message}];
}

function compare(key: string, differences: readonly ErrorDetail[][]): void {
  const details = differences.flat();
  if (details.length === 0) return;
  const sentences = details.map(detail => detail.message).join(' ');
  throw new AuditError(
    'ARCHIVE_MISMATCH',
    `The archive "${key}" is not as it was written. ${sentences}`,
    details,
  );
}
