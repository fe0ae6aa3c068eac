import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {gunzipSync} from 'node:zlib';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {Pool} from 'pg';
import {admit} from '../../dist/admission/admit';
import {readArchive} from '../../dist/archive/archive-reader';
import {writeArchive} from '../../dist/archive/archive-writer';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {AuditError} from '../../dist/errors';
import {ERASABLE, leafOf} from '../../dist/integrity/leaf';
import {archiveJob} from '../../dist/jobs/archive-job';
import {eraseJob} from '../../dist/jobs/erase-job';
import {type ErasureOutcome, eraseStored} from '../../dist/jobs/erase-stored';
import type {Erasure} from '../../dist/models/erasure';
import {readCustomFilter} from '../../dist/query/custom-filter';
import {archivesOverlapping} from '../../dist/repositories/archive-rows';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {Database} from '../../dist/repositories/database';
import type {JobRow} from '../../dist/repositories/job-rows';
import {leafRow} from '../../dist/repositories/leaf-row';
import {placesOf} from '../support/every-text';
import {HookedStore} from '../support/hooked-store';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const bearer = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
const context = {signal: new AbortController().signal, progress: () => {}};
let db: TestDatabase;
let folder: string;
let trail: AuditTrailRepository;
let store: HookedStore;
let parts: {
  database: TestDatabase['database'];
  auditLogs: AuditTrailRepository;
  store: HookedStore;
  write: typeof writeArchive;
  read: typeof readArchive;
};
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-erase-'));
  trail = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(async () => {
  await db?.drop();
  await rm(folder, {recursive: true, force: true});
});

/** A value and a subject of this test alone. */
let value: string;
let erasure: Erasure & {dataSubjectId: string};
beforeEach(() => {
  value = `secret-${randomUUID()}`;
  erasure = {dataSubjectId: randomUUID(), reason: 'asked for'};
  store = new HookedStore(new FilesystemStore(folder));
  parts = {database: db.database, auditLogs: trail, store, write: writeArchive, read: readArchive};
});

/** Entries of the subject among others, all of one type of entity. */
async function fill(actedOn: string, count: number): Promise<AuditEntry[]> {
  const page = Array.from({length: count}, (_, i) => {
    const whose =
      i % 2 === 0 ? {dataSubjectId: erasure.dataSubjectId, reason: value} : {reason: 'not secret'};
    return admit({id: randomUUID(), action: 'a.b', actedOn, entityId: String(i), ...whose}, bearer);
  });
  await trail.createAll(
    'acme',
    page.map(each => leafRow(each)),
  );
  return page.map(({entry}) => entry);
}

const archive = (actedOn: string) =>
  archiveJob(parts)(
    {
      ...{tenantId: 'acme', id: randomUUID(), operation: 'ARCHIVE', requestedBy: 'tester'},
      order: {operation: 'ARCHIVE', ...readCustomFilter({actedOn})},
    } as JobRow,
    context,
  );
const eraseArchives = (id: string = randomUUID()) =>
  eraseJob(parts)(
    {
      ...{
        tenantId: 'acme',
        id,
        operation: 'ERASE',
        requestedBy: 'tester',
        createdAt: new Date().toISOString(),
      },
      order: {operation: 'ERASE', filter: erasure},
    } as unknown as JobRow,
    context,
  ) as Promise<ErasureOutcome>;
const archives = () =>
  db.database.transaction({role: 'audit_reader', tenantId: 'acme'}, session =>
    archivesOverlapping(session, 'acme', {}),
  );

/** The entries in every file that a row of mapping_logs names. */
async function archived(): Promise<Map<string, AuditEntry>> {
  const entries = new Map<string, AuditEntry>();
  for (const {fileName} of await archives()) {
    for await (const page of readArchive(store, fileName))
      for (const entry of page) entries.set(entry.id, entry);
  }
  return entries;
}

/** Files of the store, named or not, that hold a text. */
async function filesWith(text: string): Promise<string[]> {
  const names = (await readdir(folder, {recursive: true})).filter(name => name.endsWith('.gz'));
  const texts = await Promise.all(
    names.map(async name => gunzipSync(await readFile(join(folder, name))).toString()),
  );
  return names.filter((_, i) => texts[i]?.includes(text));
}

async function assertGone(): Promise<void> {
  assert.deepEqual(await placesOf(db.admin, value), []);
  assert.deepEqual(await filesWith(value), []);
}

describe('an erasure of what is stored', () => {
  test('holds one connection at a time, so that any number of them ends', async () => {
    await fill('narrow', 1_200);
    const {ssl: _ssl, ...connection} = db.settings;
    const pool = new Pool({...connection, max: 1, connectionTimeoutMillis: 5_000});
    pool.on('error', () => {});
    const narrow = new Database(async () => pool);
    const outcomes = await Promise.all(
      [0, 1, 2].map(() => eraseStored({database: narrow}, erasure, bearer)),
    ).finally(() => pool.end());
    const erased = outcomes.reduce((sum, {numberOfEntriesErased}) => sum + numberOfEntriesErased, 0);
    assert.equal(erased, 600);
    await assertGone();
  });
});

describe('an erasure in archives', () => {
  test('writes the file anew without the values; every entry is there, and its leaf is as it was', async () => {
    const entries = await fill('order', 60);
    await archive('order');
    const before = await archived();
    const [old] = await archives();
    const {numberOfEntriesErased, entries: told} = await eraseArchives();
    assert.deepEqual([numberOfEntriesErased, told.length], [30, 1]);
    await assertGone();
    const [row] = await archives();
    assert.ok(old && row);
    assert.notEqual(row.fileName, old.fileName);
    assert.equal(await store.head(old.fileName), undefined);
    const {fileName, bytes, sha256} = row;
    assert.deepEqual(row, {...old, fileName, bytes, sha256});
    const now = await archived();
    for (const {id, dataSubjectId} of entries) {
      const entry = now.get(id);
      if (dataSubjectId === undefined) assert.deepEqual(entry, before.get(id));
      else assert.ok(ERASABLE.every(property => entry?.[property] === undefined) && !entry?.salt);
      assert.equal(entry && leafOf(entry)?.toString('hex'), before.get(id)?.leafHash);
    }
    const {rows} = await db.admin.query(
      'SELECT count(*)::int AS salted FROM archived_entries WHERE content_hash IS NULL AND salt IS NOT NULL',
    );
    assert.equal(rows[0].salted, 0);
    const {metadata} = await trail.findById('acme', told[0] ?? '');
    assert.deepEqual([metadata?.archive, metadata?.entries], [row.id, 30]);
    assert.equal((await eraseArchives()).numberOfEntriesErased, 0, 'a second time there is nothing to do');
  });

  test('leaves the id of an entry known, whatever is sent with it', async () => {
    const [entry] = await fill('known', 1);
    await archive('known');
    await eraseArchives();
    const {id, action, actedOn, entityId, dataSubjectId} = entry as AuditEntry;
    const again = {id, action, actedOn, entityId, dataSubjectId, reason: value};
    const answer = await trail.create('acme', admit(again, bearer));
    assert.deepEqual([answer.id, answer.reason, answer.salt], [id, undefined, undefined]);
    const {rows} = await db.admin.query('SELECT FROM audit_logs WHERE id = $1', [id]);
    assert.equal(rows.length, 0);
  });

  test('keeps the old file where anything fails before the new one counts, and finishes when it is run again', async () => {
    const faults: ((fail: () => Promise<never>) => void)[] = [
      fail => (store.onFirstBytes = fail),
      fail => (store.onStored = fail),
      // The new file is read three times: to compare its bytes, to count, and for the transaction.
      ...[0, 1, 2].map(time => (fail: () => Promise<never>) => {
        const files = new Set<string>();
        store.onStored = async key => void files.add(key);
        store.onRead = async (key, before) => (files.has(key) && before === time ? fail() : undefined);
      }),
    ];
    for (const arm of faults) {
      const actedOn = randomUUID();
      await fill(actedOn, 10);
      await archive(actedOn);
      const before = await archived();
      arm(async () => {
        throw new AuditError('STORE_FAILED', 'The store has gone away.');
      });
      await assert.rejects(eraseArchives(), {code: 'STORE_FAILED'});
      store = new HookedStore(new FilesystemStore(folder));
      parts = {...parts, store};
      assert.deepEqual(await archived(), before);
      assert.equal((await eraseArchives()).numberOfEntriesErased, 5);
      await assertGone();
    }
  });

  test('fails where the store does not let go of the old file, and says so each time until it does', async () => {
    await fill('locked', 10);
    await archive('locked');
    store.delete = async () => {
      throw new AuditError('STORE_REFUSED', 'The object store refused to delete.');
    };
    await assert.rejects(eraseArchives(), {code: 'STORE_REFUSED'});
    await assert.rejects(eraseArchives(), {code: 'STORE_REFUSED'});
    assert.deepEqual(await placesOf(db.admin, value), [], 'what could be erased is erased');
    assert.equal((await filesWith(value)).length, 1);
    parts = {...parts, store: new HookedStore(new FilesystemStore(folder))};
    await eraseArchives();
    await assertGone();
  });
});

describe('an erasure in several archives', () => {
  test('passes over one at fault until the others are erased, and tells of every attempt in the end', async () => {
    for (const actedOn of ['one', 'two', 'three']) {
      await fill(actedOn, 10);
      await archive(actedOn);
    }
    const [first] = (await archives()).slice(-3);
    store.onRead = async key => {
      if (key === first?.fileName) throw new AuditError('ARCHIVE_MISMATCH', 'The file is another.');
    };
    const job = randomUUID();
    await assert.rejects(eraseArchives(job), {code: 'ARCHIVE_MISMATCH'});
    assert.equal((await filesWith(value)).length, 1);
    store = new HookedStore(new FilesystemStore(folder));
    parts = {...parts, store};
    const {numberOfEntriesErased, entries} = await eraseArchives(job);
    assert.deepEqual([numberOfEntriesErased, entries.length], [15, 3]);
    await assertGone();
    assert.equal((await eraseArchives()).numberOfEntriesErased, 0, 'another job tells of its own alone');
  });
});

describe('an erasure and an archive of the same entries', () => {
  test('an archive that was written before the erasure is not committed after it', async () => {
    const entries = await fill('overtaken', 20);
    store.onStored = async () => {
      store.onStored = async () => {};
      assert.equal((await eraseStored(parts, erasure, bearer)).numberOfEntriesErased, 10);
    };
    await assert.rejects(archive('overtaken'), {code: 'ARCHIVE_CONFLICT'});
    await assertGone();
    await archive('overtaken');
    await assertGone();
    const files = await archived();
    for (const {id} of entries) assert.ok(files.has(id));
    assert.equal((await eraseArchives()).numberOfEntriesErased, 0);
  });

  test('whatever their order, nothing is lost and nothing is left', async () => {
    for (let round = 0; round < 8; round++) {
      const actedOn = randomUUID();
      const entries = await fill(actedOn, 1_200);
      const written = fill(`other-${actedOn}`, 300);
      const outcomes = await Promise.allSettled([
        archive(actedOn),
        eraseStored(parts, erasure, bearer).then(() => eraseArchives()),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.equal((outcome.reason as AuditError).code, 'ARCHIVE_CONFLICT');
      }
      entries.push(...(await written));
      await eraseStored(parts, erasure, bearer);
      await eraseArchives();
      await assertGone();
      const files = await archived();
      const {rows} = await db.admin.query('SELECT id FROM audit_logs');
      const stored = new Set(rows.map(({id}) => id));
      for (const {id} of entries) assert.equal(Number(files.has(id)) + Number(stored.has(id)), 1);
    }
  });
});
