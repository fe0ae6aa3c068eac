import {createHash} from 'node:crypto';
import {pipeline, Transform} from 'node:stream';
import {AuditError} from '../errors';
import type {EntryPages} from '../export/export-format';
import type {ArchiveReader} from './archive-reader';
import type {ObjectStore} from './object-store';

/** What is known of an archive file since it was written. */
export interface KnownArchive {
  fileName: string;
  /** Lower-case hexadecimal. */
  sha256: string;
  bytes: number;
  entries: number;
}

/**
 * The entries of an archive file, which is held against what is known of it while it is read. What was given
 * counts only once the last page has come.
 *
 * @throws AuditError ARCHIVE_MISMATCH, at its end, where its length, hash or number of entries is another
 */
export async function* verifiedPages(
  store: ObjectStore,
  archive: KnownArchive,
  read: ArchiveReader,
): EntryPages {
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = () =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    });
  const measured: ObjectStore = {
    // The callback has nothing to do: a fault on the way reaches the reader.
    get: async key => pipeline(await store.get(key), measure(), () => {}),
    put: (key, body, options) => store.put(key, body, options),
    head: key => store.head(key),
    list: prefix => store.list(prefix),
    delete: key => store.delete(key),
    check: () => store.check(),
  };
  let entries = 0;
  for await (const page of read(measured, archive.fileName)) {
    entries += page.length;
    yield page;
  }
  if (bytes !== archive.bytes || hash.digest('hex') !== archive.sha256 || entries !== archive.entries) {
    throw new AuditError(
      'ARCHIVE_MISMATCH',
      `The archive file ${archive.fileName} is not what was written: nothing is answered from it.`,
    );
  }
}
