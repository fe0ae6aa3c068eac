import {pipeline} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {AuditError} from '../errors';
import type {EntryPages} from '../export/export-format';
import {readEntryCsv} from '../export/read-entry-csv';
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
