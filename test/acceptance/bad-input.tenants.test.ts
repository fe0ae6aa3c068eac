import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {assertRefused} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';

let service: TestService;
let rival: string;
/** Entries of the other tenant. */
const theirs: AuditEntry[] = [];

before(async () => {
  service = await startTestService();
  rival = await service.token({tenantId: 'rival', sub: 'eve'});
  for (const action of ['a.b', 'c.d', 'e.f']) {
    const posted = await service.send('/audit-logs', {
      body: {action, actedOn: 'order', entityId: '1'},
      token: rival,
    });
    theirs.push(posted.json as AuditEntry);
    await service.send('/audit-logs', {body: {action, actedOn: 'order', entityId: '1', actor: 'ours'}});
  }
});
after(() => service.stop());

const idOf = (entry: AuditEntry | undefined) => entry?.id ?? '';

test('an entry of another tenant is not there, whoever knows its id', async () => {
  const answer = await service.send(`/audit-logs/${idOf(theirs[0])}`);
  assertRefused(answer, {status: 404, code: 'ENTRY_NOT_FOUND', field: 'id'});
  assert.equal((await service.send(`/audit-logs/${idOf(theirs[0])}`, {token: rival})).status, 200);
});

test("an entry under another tenant's id is an entry of its own, and tells nothing of theirs", async () => {
  const {id} = theirs[0] as AuditEntry;
  const posted = await service.send('/audit-logs', {body: {action: 'other', id, actedOn: 'probe'}});
  assert.equal(posted.status, 200, posted.text);
  assert.equal((posted.json as AuditEntry).tenantId, 'acme');
  const kept = (await service.send(`/audit-logs/${id}`, {token: rival})).json;
  assert.deepEqual(kept, theirs[0]);
});

test('a filter without a tenant, with its own or with any condition finds nothing of another', async () => {
  for (const where of [
    {},
    {tenantId: 'acme'},
    {tenantId: {neq: 'acme'}},
    {tenantId: {nin: ['acme']}},
    {tenantId: {like: 'ri%'}},
    {tenantId: {regexp: 'rival'}},
    {tenantId: {gt: 'a'}},
    {tenantId: {between: ['a', 'z']}},
    {tenantId: {exists: true}},
    {or: [{id: idOf(theirs[0])}, {actor: 'eve'}, {actedOn: 'order'}]},
  ]) {
    const filter = encodeURIComponent(JSON.stringify({where}));
    for (const path of ['/audit-logs?', '/audit-logs/export?format=json&']) {
      const {json, status} = await service.send(`${path}filter=${filter}`);
      const found = status === 404 ? [] : (json as AuditEntry[]);
      assert.ok(
        found.every(entry => entry.tenantId === 'acme'),
        JSON.stringify(where),
      );
    }
  }
});

test('a count is of one tenant alone', async () => {
  assert.deepEqual((await service.send('/audit-logs/count?actor=eve')).json, {count: 0, relation: 'eq'});
  assert.deepEqual((await service.send('/audit-logs/count', {token: rival})).json, {
    count: 3,
    relation: 'eq',
  });
});

test('a cursor of another tenant, or of another query, is refused', async () => {
  const page = await service.send('/audit-logs?limit=1', {token: rival});
  const cursor = page.headers.get('x-next-cursor') ?? '';
  assert.ok(cursor);
  const path = `/audit-logs?limit=1&cursor=${cursor}`;
  assert.equal((await service.send(path, {token: rival})).status, 200);
  assertRefused(await service.send(path), {status: 400, code: 'INVALID_CURSOR', field: 'cursor'});
  const others = [
    `${path}&actor=eve`,
    `${path}&order=actedAt`,
    `${path}x`,
    path.replace(/.$/, c => (c === 'A' ? 'B' : 'A')),
  ];
  for (const other of others) {
    const answer = await service.send(other, {token: rival});
    assertRefused(answer, {status: 400, code: 'INVALID_CURSOR', field: 'cursor'});
  }
});

test('a job of another tenant is not there, nor its result, nor its file', async () => {
  const jobs = [];
  for (const path of ['/audit-logs', '/audit-logs/export']) {
    const asked = await service.send(`${path}?includeArchivedLogs=true`, {token: rival});
    jobs.push((asked.json as {jobId: string}).jobId);
  }
  for (const jobId of jobs) {
    for (const path of [`/audit-logs/jobs/${jobId}`, `/audit-logs/jobs/${jobId}/file`]) {
      assertRefused(await service.send(path), {status: 404, code: 'JOB_NOT_FOUND', field: 'jobId'});
    }
    assert.equal((await service.send(`/audit-logs/jobs/${jobId}`, {token: rival})).status, 200);
  }
});

test("an archive takes no entry of another tenant along, and another's archive is not recalled", async () => {
  const archived = await service.send('/audit-logs/archive', {body: {actedOn: 'order'}, token: rival});
  assert.equal(archived.status, 200, archived.text);
  assert.equal((archived.json as {numberOfEntriesArchived: number}).numberOfEntriesArchived, 3);
  assert.deepEqual((await service.send('/audit-logs/count?actedOn=order')).json, {count: 3, relation: 'eq'});
  const {jobId} = (await service.send('/audit-logs?actedOn=order&includeArchivedLogs=true')).json as {
    jobId: string;
  };
  const {result} = (await endedJob(service.send, jobId)) as {result: AuditEntry[]};
  assert.equal(result.length, 3);
  assert.ok(result.every(entry => entry.tenantId === 'acme'));
});
