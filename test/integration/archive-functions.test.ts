import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, beforeEach, test} from 'node:test';
import {admit} from '../../dist/admission/admit';
import {
  type ArchiveRow,
  finishArchive,
  recordArchive,
  removeArchived,
  replaceArchive,
} from '../../dist/repositories/archive-rows';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Session} from '../../dist/repositories/database';
import {leafRow} from '../../dist/repositories/leaf-row';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const ACTED_AT = '2026-05-05T05:05:05.123Z';
let db: TestDatabase;
let entries: {id: string; actedAt: string}[];
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

beforeEach(async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const bearer = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
  const page = Array.from({length: 3}, () =>
    admit({id: randomUUID(), action: 'a.b', actedAt: ACTED_AT}, bearer),
  );
  entries = page.map(({entry: {id, actedAt}}) => ({id, actedAt}));
  await auditLogs.createAll(
    'acme',
    page.map(each => leafRow(each)),
  );
});

const archive = (changes: Partial<ArchiveRow> = {}): ArchiveRow => ({
  ...{
    id: randomUUID(),
    tenantId: 'acme',
    fileName: randomUUID(),
    filterUsed: {},
    format: 'csv.gz',
    entries: 3,
  },
  ...{firstActedAt: ACTED_AT, lastActedAt: ACTED_AT, firstLeaf: undefined, lastLeaf: undefined},
  ...{bytes: 1, sha256: '00', requestedBy: 'tester', ...changes},
});

const asWriter = (work: (session: Session) => Promise<unknown>) =>
  db.database.transaction({role: 'audit_writer', tenantId: 'acme'}, work);

async function left(): Promise<number> {
  const {rows} = await db.admin.query('SELECT id FROM audit_logs WHERE id = ANY ($1)', [
    entries.map(({id}) => id),
  ]);
  return rows.length;
}

test('entries leave by a recorded archive of exactly their number', async () => {
  const row = archive();
  await asWriter(async session => {
    await recordArchive(session, row);
    assert.equal(await removeArchived(session, row, entries.slice(0, 2)), 2);
    assert.equal(await removeArchived(session, row, entries.slice(2)), 1);
    await finishArchive(session, row);
  });
  assert.equal(await left(), 0);
});

test('an archive of fewer or more entries than were removed is refused, and nothing is gone', async () => {
  for (const count of [2, 4]) {
    const row = archive({entries: count});
    const attempt = asWriter(async session => {
      await recordArchive(session, row);
      await removeArchived(session, row, entries);
      await finishArchive(session, row);
    });
    await assert.rejects(attempt, {code: '23000'});
    assert.equal(await left(), 3);
  }
});

test('an archive that removes one entry twice is refused', async () => {
  const row = archive({entries: 4});
  const attempt = asWriter(async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, entries);
    await removeArchived(session, row, entries.slice(0, 1));
    await finishArchive(session, row);
  });
  await assert.rejects(attempt, {code: '23000'});
  assert.equal(await left(), 3);
});

test('nothing is removed without a recorded archive, or by one that has ended', async () => {
  await assert.rejects(
    asWriter(session => removeArchived(session, archive(), entries)),
    {code: '42501'},
  );
  const row = archive({entries: 1});
  await asWriter(async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, entries.slice(0, 1));
    await finishArchive(session, row);
  });
  await assert.rejects(
    asWriter(session => removeArchived(session, row, entries.slice(1))),
    {code: '42501'},
  );
  await assert.rejects(
    asWriter(session => finishArchive(session, row)),
    {code: '23000'},
  );
  assert.equal(await left(), 2);
});

test('an archive that was recorded and never finished does not let go of entries', async () => {
  const row = archive();
  const attempt = asWriter(async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, entries);
  });
  await assert.rejects(attempt, {code: '23000'});
  assert.equal(await left(), 3);
});

test('an archive of a tenant is recorded, emptied and ended in a transaction of that tenant alone', async () => {
  const row = archive({tenantId: 'rival'});
  for (const step of [
    (session: Session) => recordArchive(session, row),
    (session: Session) => removeArchived(session, row, entries),
    (session: Session) => finishArchive(session, row),
  ]) {
    await assert.rejects(asWriter(step), {code: '42501', message: /another tenant/});
  }
  assert.equal(await left(), 3);
});

test('what an archive file was before another took its place is kept, and nobody takes it away', async () => {
  const row = archive();
  await asWriter(async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, entries);
    await finishArchive(session, row);
  });
  const files = [row, ...['11', '22'].map(sha256 => ({...row, fileName: randomUUID(), bytes: 2, sha256}))];
  for (const [i, file] of files.slice(1).entries()) {
    await asWriter(session => replaceArchive(session, files[i] as ArchiveRow, file));
  }
  await assert.rejects(
    asWriter(session => replaceArchive(session, row, archive())),
    {code: 'ARCHIVE_CONFLICT'},
  );
  const sql =
    'SELECT file_name, bytes::int, sha256 FROM replaced_archives WHERE archive_id = $1 ORDER BY replaced_at';
  const {rows} = await db.admin.query(sql, [row.id]);
  assert.deepEqual(
    rows,
    files.slice(0, 2).map(({fileName, bytes, sha256}) => ({file_name: fileName, bytes, sha256})),
  );
  for (const change of ['DELETE FROM replaced_archives', "UPDATE replaced_archives SET sha256 = '33'"]) {
    await assert.rejects(db.admin.query(change), {code: '42501'});
  }
});

test('after a removal in the same transaction the table is append-only again', async () => {
  const row = archive();
  const attempt = asWriter(async session => {
    await recordArchive(session, row);
    await removeArchived(session, row, entries);
    await session.rows('DELETE FROM audit_logs');
  });
  await assert.rejects(attempt, {code: '42501'});
  assert.equal(await left(), 3);
});
