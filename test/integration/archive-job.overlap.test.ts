import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {admit} from '../../dist/admission/admit';
import {readArchive} from '../../dist/archive/archive-reader';
import {writeArchive} from '../../dist/archive/archive-writer';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import type {AuditError} from '../../dist/errors';
import {type ArchiveOutcome, archiveJob} from '../../dist/jobs/archive-job';
import {readCustomFilter} from '../../dist/query/custom-filter';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {JobRow} from '../../dist/repositories/job-rows';
import {leafRow} from '../../dist/repositories/leaf-row';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {assertExactlyOnce, whereabouts} from '../support/whereabouts';

let db: TestDatabase;
let folder: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-overlap-'));
});
after(async () => {
  await db?.drop();
  await rm(folder, {recursive: true, force: true});
});

const jobOf = (filter: object, id: string = randomUUID()) =>
  ({
    ...{tenantId: 'acme', id, operation: 'ARCHIVE', requestedBy: 'tester'},
    order: {operation: 'ARCHIVE', ...readCustomFilter(filter)},
  }) as JobRow;

/** The claim of jobs keeps a tenant's archives apart; this is what holds where a lease has run out. */
test('of archives that write the same entries at the same time one removes them, and the others say so', async () => {
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const store = new FilesystemStore(folder);
  const run = archiveJob({database: db.database, auditLogs, store, write: writeArchive, read: readArchive});
  const context = {signal: new AbortController().signal, progress: () => {}};
  const bearer = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
  const ids = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const page = Array.from({length: 400}, (_, i) =>
      admit({id: randomUUID(), action: 'a.b', actedOn: 'order', entityId: String(i)}, bearer),
    );
    for (const {entry} of page) ids.add(entry.id);
    await auditLogs.createAll(
      'acme',
      page.map(each => leafRow(each)),
    );
    const same = jobOf({actedOn: 'order'});
    const jobs = [
      same,
      same,
      jobOf({actedOn: 'order'}),
      jobOf({actedOnList: ['order', 'bill']}),
      jobOf({entityId: '7'}),
    ];
    const outcomes = await Promise.allSettled(jobs.map(job => run(job, context)));
    const refusals = outcomes.flatMap(outcome =>
      outcome.status === 'rejected' ? [outcome.reason as AuditError] : [],
    );
    for (const {code, message} of refusals) {
      assert.ok(['ARCHIVE_CONFLICT', 'NOTHING_SELECTED'].includes(code), message);
    }
    const keys = outcomes.flatMap(outcome =>
      outcome.status === 'fulfilled' ? [(outcome.value as ArchiveOutcome).key] : [],
    );
    assert.ok(keys.length > 0);
    assertExactlyOnce(await whereabouts(db, store), ids, ids);
  }
});
