import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {AuditServiceBindings} from '../../dist/keys';
import type {Job} from '../../dist/models/job.model';
import {eventually} from '../support/eventually';
import {HookedStore} from '../support/hooked-store';
import {startTestService, type TestService} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';

/** Files jobs and works on none. */
let idle: TestService;
before(async () => {
  idle = await startTestService({JOB_CONCURRENCY: '0', ARCHIVE_WAIT_MS: '0'});
  await idle.send('/audit-logs', {body: {action: 'a.b', actedOn: 'order'}});
});
after(() => idle.stop());

const order = async (service: TestService): Promise<string> => {
  const {json, text} = await service.send('/audit-logs?includeArchivedLogs=true');
  const {jobId} = json as {jobId?: string};
  assert.ok(jobId, text);
  return jobId;
};
const control = (service: TestService, jobId: string, what: 'cancel' | 'retry', token?: string) =>
  service.send(`/audit-logs/jobs/${jobId}/${what}`, {method: 'POST', ...(token && {token})});

test('jobs are listed page by page, the newest first, by status and operation', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift(await order(idle));
  await control(idle, ids[2] ?? '', 'cancel');
  const {json: exported} = await idle.send('/audit-logs/export?includeArchivedLogs=true');
  const list = async (query: string) => {
    const answer = await idle.send(`/audit-logs/jobs?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return {jobs: answer.json as Job[], next: answer.headers.get('x-next-cursor')};
  };
  const first = await list('operation=QUERY&limit=3');
  assert.deepEqual(
    first.jobs.map(({id}) => id),
    ids.slice(0, 3),
  );
  const second = await list(`operation=QUERY&limit=3&cursor=${first.next}`);
  assert.deepEqual(
    second.jobs.map(({id}) => id),
    ids.slice(3),
  );
  assert.equal(second.next, null);
  assert.deepEqual(
    (await list('status=CANCELLED')).jobs.map(({id}) => id),
    [ids[2]],
  );
  assert.deepEqual(
    (await list('operation=EXPORT,ERASE')).jobs.map(({id}) => id),
    [(exported as {jobId: string}).jobId],
  );
  assert.ok(first.jobs.every(job => !('result' in job) && job.filterUsed !== undefined));
  const rival = await idle.send('/audit-logs/jobs', {token: await idle.token({tenantId: 'rival'})});
  assert.deepEqual(rival.json, []);
});

test('a job that waits is cancelled, and done once more where that is asked for', async () => {
  const jobId = await order(idle);
  const cancelled = await control(idle, jobId, 'cancel');
  assert.equal((cancelled.json as Job).status, 'CANCELLED');
  assert.ok((cancelled.json as Job).finishedAt);
  assert.equal(((await control(idle, jobId, 'retry')).json as Job).status, 'PENDING');
  const again = await control(idle, jobId, 'retry');
  assert.equal(again.status, 409);
  assert.equal((again.json as {error: {code: string}}).error.code, 'JOB_NOT_ENDED');
});

test('a job that runs is cancelled: its worker ends, and what it would have answered is not told', async () => {
  let begun = false;
  let isCancelled = () => {};
  const service = await startTestService({JOB_LEASE_MS: '300'}, (app, {dataDir}) => {
    const store = new HookedStore(new FilesystemStore(`${dataDir}/objects`));
    store.onFirstBytes = async () => {
      begun = true;
      await new Promise<void>(resolve => {
        isCancelled = resolve;
      });
    };
    app.bind(AuditServiceBindings.OBJECT_STORE).to(store);
  });
  try {
    await service.send('/audit-logs', {body: {action: 'a.b'}});
    const jobId = await order(service);
    await eventually('that the job runs', async () => (begun ? true : undefined));
    assert.equal(((await control(service, jobId, 'cancel')).json as Job).status, 'CANCELLED');
    isCancelled();
    // Another job is worked on by the same worker, and the cancelled one stays cancelled.
    const other = await order(service);
    await eventually('that the other job runs', async () => {
      isCancelled();
      const {json} = await service.send(`/audit-logs/jobs/${other}`);
      return (json as Job).status === 'COMPLETED' ? true : undefined;
    });
    const {json} = await service.send(`/audit-logs/jobs/${jobId}`);
    assert.equal((json as Job).status, 'CANCELLED');
    assert.ok(!('result' in (json as Job)));
    const retried = await control(service, jobId, 'retry');
    assert.equal(retried.status, 200, retried.text);
    const freeing = setInterval(() => isCancelled(), 10);
    assert.equal((await endedJob(service.send, jobId)).status, 'COMPLETED');
    clearInterval(freeing);
  } finally {
    await service.stop();
  }
});

const REFUSED: [path: string, method: 'GET' | 'POST', status: number, field: string | undefined][] = [
  ['/audit-logs/jobs?status=DONE', 'GET', 400, 'status'],
  ['/audit-logs/jobs?operation=DROP', 'GET', 400, 'operation'],
  ['/audit-logs/jobs?limit=0', 'GET', 400, 'limit'],
  ['/audit-logs/jobs?cursor=x', 'GET', 400, 'cursor'],
  ['/audit-logs/jobs?actor=x', 'GET', 400, 'actor'],
  ['/audit-logs/jobs/x/cancel', 'POST', 400, 'jobId'],
  ['/audit-logs/jobs/019aa8f5-3c1e-7a52-9d0b-6f2f4f1c7e11/cancel', 'POST', 404, 'jobId'],
  ['/audit-logs/jobs/019aa8f5-3c1e-7a52-9d0b-6f2f4f1c7e11/retry', 'POST', 404, 'jobId'],
];
for (const [path, method, status, field] of REFUSED) {
  test(`refuses ${method} ${path}`, async () => {
    const answer = await idle.send(path, {method});
    assert.equal(answer.status, status, answer.text);
    assert.equal(
      (answer.json as {error: {details: {field: string}[]}}).error.details[0]?.field,
      field,
      answer.text,
    );
  });
}

test('whoever may only look at jobs does not end them', async () => {
  const jobId = await order(idle);
  const token = await idle.token({permissions: ['1']});
  assert.equal((await control(idle, jobId, 'cancel', token)).status, 403);
  assert.equal((await control(idle, jobId, 'retry', token)).status, 403);
});
