import {pipeline} from 'node:stream';
import {createGzip} from 'node:zlib';
import {csvFormat} from '../export/csv';
import type {EntryPages} from '../export/export-format';
import {type ArchiveSummary, SummarisedPages} from './archive-summary';
import type {ObjectStore, StoredObject} from './object-store';

/** The receipt of an archive file: what it holds, and the object that holds it. */
export type ArchivedFile = StoredObject & ArchiveSummary;

/**
 * Writes entries into one new object. An application may bind its own, with an `ArchiveReader` that
 * reads what it writes.
 *
 * MUST store every entry of the pages in their order, or nothing; MUST NOT resolve before the object is
 * durable; MUST throw NOTHING_SELECTED for pages without an entry and OBJECT_EXISTS for a key that is
 * taken; MUST NOT hold more than a few pages. An error of the pages is thrown as it is, and the pages
 * are closed in every case.
 */
export type ArchiveWriter = (store: ObjectStore, key: string, pages: EntryPages) => Promise<ArchivedFile>;

/** Archives as CSV (RFC 4180) in gzip (RFC 1952), compressed off the event loop. */
export const writeArchive: ArchiveWriter = async (store, key, pages) => {
  const summarised = new SummarisedPages(pages);
  // The callback has nothing to do: a fault on the way is the fault of the body, which the put throws.
  const body = pipeline(csvFormat.write(summarised.pages()), createGzip(), () => {});
  const stored = await store.put(key, body, {contentType: 'application/gzip'});
  return {...stored, ...summarised.summary()};
};
