import assert from 'node:assert/strict';
import {buffer} from 'node:stream/consumers';
import {after, before, it} from 'node:test';
import {gunzipSync, gzipSync} from 'node:zlib';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {readArchive, verifyArchive} from '../../dist/archive/archive-reader';
import {type ArchivedFile, writeArchive} from '../../dist/archive/archive-writer';
import type {ObjectStore} from '../../dist/archive/object-store';
import type {AuditError} from '../../dist/errors';
import {csvFormat} from '../../dist/export/csv';
import {CountedPages, fullEntry, smallEntry} from '../unit/sample-entry';

const AWKWARD = [
  'comma, quote " and "" twice',
  'line\nfeed, \r\n, \r alone',
  ' padded\t',
  'null',
  '',
  'Zoë 審計 😀 \u202e\u0000\u001b',
  '=1+1',
  "'",
];

const awkwardEntries: AuditEntry[] = AWKWARD.map((text, number) => ({
  ...fullEntry(number),
  actor: text || 'nobody',
  actionKey: text,
  reason: text,
  before: {[text]: text},
  tags: [text, text],
}));

async function* pagesOf(entries: readonly AuditEntry[]) {
  for (let at = 0; at < entries.length; at += 3) yield entries.slice(at, at + 3);
}

async function readAll(store: ObjectStore, key: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const page of readArchive(store, key)) entries.push(...page);
  return entries;
}

/** Writing, reading and verifying archives, through a store that is empty at first. */
export function archiveContract(open: () => Promise<{store: ObjectStore; close(): Promise<void>}>): void {
  let store: ObjectStore;
  let close: () => Promise<void>;
  let number = 0;
  const newKey = () => `archives/tenant=acme/2026-11-22/${number++}.csv.gz`;
  before(async () => {
    ({store, close} = await open());
  });
  after(() => close?.());

  /** An archive of 5,000 entries whose stored bytes are then changed. */
  async function tampered(change: (bytes: Buffer) => Buffer): Promise<ArchivedFile> {
    const archive = await writeArchive(store, newKey(), new CountedPages(50));
    const bytes = await buffer(await store.get(archive.key));
    await store.delete(archive.key);
    await store.put(archive.key, pieces(change(bytes)), {contentType: 'application/gzip'});
    return archive;
  }
  async function* pieces(bytes: Buffer) {
    yield bytes;
  }
  const mismatch = (archive: ArchivedFile, fields: string[]) =>
    assert.rejects(verifyArchive(store, archive.key, archive), (error: AuditError) => {
      assert.equal(error.code, 'ARCHIVE_MISMATCH');
      assert.deepEqual(
        error.details.map(detail => detail.field),
        fields,
      );
      return true;
    });

  it('gives awkward entries back as they were', async () => {
    const archive = await writeArchive(store, newKey(), pagesOf(awkwardEntries));
    assert.deepEqual(await readAll(store, archive.key), awkwardEntries);
    await verifyArchive(store, archive.key, archive);
  });

  it('stores the very bytes of the CSV export, in gzip', async () => {
    const {key} = await writeArchive(store, newKey(), pagesOf(awkwardEntries));
    const stored = gunzipSync(await buffer(await store.get(key)));
    assert.deepEqual(stored, await buffer(csvFormat.write(pagesOf(awkwardEntries))));
  });

  it('sums up what it wrote', async () => {
    const times = ['2026-11-22T03:10:59.5Z', '2026-11-22T03:10:59.123Z', '2026-11-22T03:10:59.123456Z'];
    const entries = times.map((actedAt, index) => ({...smallEntry(index), actedAt, leafIndex: 9 - index}));
    const {bytes, sha256, ...archive} = await writeArchive(store, newKey(), pagesOf(entries));
    const {key} = archive;
    assert.deepEqual(archive, {
      key,
      entries: 3,
      firstActedAt: times[1],
      lastActedAt: times[0],
      firstLeaf: 7,
      lastLeaf: 9,
      ...('version' in archive && {version: archive.version}),
    });
    assert.equal((await store.head(key))?.bytes, bytes);
    assert.match(sha256, /^[0-9a-f]{64}$/);
  });

  it('leaves no object of pages that fail, and throws their error', async () => {
    async function* failing() {
      yield* new CountedPages(20);
      throw new Error('the database went away');
    }
    const key = newKey();
    await assert.rejects(writeArchive(store, key, failing()), {message: 'the database went away'});
    assert.equal(await store.head(key), undefined);
  });

  it('leaves no object when there is nothing to archive', async () => {
    const key = newKey();
    await assert.rejects(writeArchive(store, key, pagesOf([])), {code: 'NOTHING_SELECTED'});
    assert.equal(await store.head(key), undefined);
  });

  it('does not write over another archive, and closes the pages', async () => {
    const {key} = await writeArchive(store, newKey(), new CountedPages(1));
    const pages = new CountedPages(2);
    await assert.rejects(writeArchive(store, key, pages), {code: 'OBJECT_EXISTS'});
    assert.ok(pages.returned);
    const refused = new CountedPages(2000);
    await assert.rejects(writeArchive(store, '../outside', refused), {code: 'INVALID_PARAMETER'});
    assert.ok(refused.pulled < 50);
    assert.equal((await readAll(store, key)).length, 100);
  });

  it('finds a flipped byte wherever it is', async () => {
    for (const place of [0, 0.1, 0.5, 0.9999]) {
      const archive = await tampered(bytes => {
        const at = Math.floor(bytes.length * place);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        return bytes;
      });
      await mismatch(archive, ['sha256']);
      await assert.rejects(readAll(store, archive.key), {code: 'ARCHIVE_MISMATCH'});
    }
  });

  it('finds a truncated object', async () => {
    for (const left of [0, 5, 1000]) {
      const archive = await tampered(bytes => bytes.subarray(0, left));
      await mismatch(archive, ['bytes', 'sha256']);
      await assert.rejects(readAll(store, archive.key), {code: 'ARCHIVE_MISMATCH'});
    }
  });

  it('finds an object that was exchanged for a sound one, and a wrong count', async () => {
    const archive = await tampered(bytes =>
      gzipSync(gunzipSync(bytes).toString().replace('user-7', 'user-8')),
    );
    await assert.rejects(verifyArchive(store, archive.key, archive), {code: 'ARCHIVE_MISMATCH'});
    const sound = await writeArchive(store, newKey(), new CountedPages(3));
    await mismatch({...sound, entries: 299}, ['entries']);
  });

  it('says that an archive is missing', async () => {
    const archive = await writeArchive(store, newKey(), new CountedPages(1));
    await store.delete(archive.key);
    await assert.rejects(verifyArchive(store, archive.key, archive), {code: 'OBJECT_NOT_FOUND'});
    await assert.rejects(readAll(store, archive.key), {code: 'OBJECT_NOT_FOUND'});
  });

  it('can be read in part', async () => {
    const {key} = await writeArchive(store, newKey(), new CountedPages(50));
    for await (const page of readArchive(store, key)) {
      assert.deepEqual(page[0], fullEntry(0));
      break;
    }
  });
}
