import {createHash} from 'node:crypto';
import {AuditError, type ErrorDetail} from '../errors';
import {type ArchiveReader, readArchive} from './archive-reader';
import type {WrittenArchive} from './archive-writer';
import type {ObjectStore} from './object-store';

/** What was noted of an archive file when it was written. */
export type ExpectedArchive = Pick<WrittenArchive, 'bytes' | 'sha256' | 'entries'>;

/**
 * Proves that the store holds an archive file as it was written: reads the object back and compares
 * its length and SHA-256, then reads its entries and counts them. Two passes, so that damage is named
 * for what it is whatever the format of the file.
 *
 * @throws AuditError ARCHIVE_MISMATCH, with a detail for each thing that differs: `bytes`, `sha256` or
 * `entries`; OBJECT_NOT_FOUND; STORE_FAILED
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
