import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {Readable} from 'node:stream';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {readEntryCsv} from '../../dist/export/read-entry-csv';
import type {Job} from '../../dist/models/job.model';
import {assertRefused} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';

describe('a job that has ended', () => {
  let service: TestService;
  let all: AuditEntry[];
  before(async () => {
    service = await startTestService();
    const entries = Array.from({length: 250}, (_, i) => ({
      ...{id: randomUUID(), action: 'a.b', actedOn: i % 2 ? 'order' : 'bill', entityId: String(i)},
      ...{reason: `=a,"b"\r\n${i}`, after: {i}, actedAt: `2026-03-0${1 + (i % 9)}T00:00:00.${i + 1_000}Z`},
    }));
    await service.send('/audit-logs/batch', {body: entries});
    all = (await service.send('/audit-logs?limit=1000')).json as AuditEntry[];
    assert.equal(all.length, 250);
    const archived = await service.send('/audit-logs/archive', {body: {actedOn: 'order'}});
    assert.equal(archived.status, 200, archived.text);
  });
  after(() => service.stop());

  const ask = async (path: string): Promise<string> => {
    const answer = await service.send(path);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json as {jobId: string}).jobId;
  };

  test('answers archived and stored entries together, in the order that was asked for', async () => {
    const job = await endedJob(service.send, await ask('/audit-logs?includeArchivedLogs=true'));
    assert.deepEqual(job.result, all);
    assert.equal(job.rowsDone, 250);
  });

  test('applies where, order, fields, limit and skip to both alike', async () => {
    const filter = {
      where: {'after.i': {between: [100, 199]}},
      order: 'entityId',
      fields: ['id', 'entityId'],
      skip: 5,
      limit: 30,
    };
    const jobId = await ask(
      `/audit-logs?includeArchivedLogs=true&filter=${encodeURIComponent(JSON.stringify(filter))}`,
    );
    const wanted = all
      .filter(({after}) => Number(after?.i) >= 100 && Number(after?.i) < 200)
      .map(({id, entityId}) => ({id, entityId}))
      .sort((a, b) => String(a.entityId).localeCompare(String(b.entityId)));
    assert.deepEqual((await endedJob(service.send, jobId)).result, wanted.slice(5, 35));
  });

  test('can be read as often as one likes, by many at once', async () => {
    const jobId = await ask('/audit-logs?includeArchivedLogs=true');
    const first = await endedJob(service.send, jobId);
    const again = await Promise.all(
      Array.from({length: 10}, () => service.send(`/audit-logs/jobs/${jobId}`)),
    );
    for (const answer of again) assert.deepEqual(answer.json, first);
  });

  test('that finds nothing answers an empty list', async () => {
    const jobId = await ask('/audit-logs?includeArchivedLogs=true&actor=nobody');
    const {status, result} = await endedJob(service.send, jobId);
    assert.deepEqual({status, result}, {status: 'COMPLETED', result: []});
  });

  test('leaves the file of its export, archived entries included, to be had as often as one likes', async () => {
    const jobId = await ask('/audit-logs/export?includeArchivedLogs=true&format=csv');
    const job = await endedJob(service.send, jobId);
    assert.equal(job.status, 'COMPLETED', JSON.stringify(job));
    for (let i = 0; i < 2; i++) {
      const file = await service.send(`/audit-logs/jobs/${jobId}/file`);
      assert.match(file.headers.get('content-type') ?? '', /^text\/csv/);
      assert.match(
        file.headers.get('content-disposition') ?? '',
        /^attachment; filename="audit-logs-.*\.csv"$/,
      );
      const read: AuditEntry[] = [];
      for await (const page of readEntryCsv(Readable.from([Buffer.from(file.text)]))) read.push(...page);
      assert.deepEqual(read, all);
    }
  });

  test('of an export of nothing has failed, and says why', async () => {
    const jobId = await ask('/audit-logs/export?includeArchivedLogs=true&format=csv&actor=nobody');
    const {status, error} = await endedJob(service.send, jobId);
    assert.deepEqual([status, error?.code], ['FAILED', 'NOTHING_SELECTED']);
    const file = await service.send(`/audit-logs/jobs/${jobId}/file`);
    assertRefused(file, {status: 409, code: 'RESULT_NOT_READY', field: 'jobId'});
  });

  test('of a query has no file', async () => {
    const jobId = await ask('/audit-logs?includeArchivedLogs=true');
    await endedJob(service.send, jobId);
    const file = await service.send(`/audit-logs/jobs/${jobId}/file`);
    assertRefused(file, {status: 404, code: 'JOB_NOT_FOUND', field: 'jobId'});
  });
});

describe('a job that nobody works on yet', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService({JOB_CONCURRENCY: '0', ARCHIVE_WAIT_MS: '0'});
    await service.send('/audit-logs', {body: {action: 'a.b', actedOn: 'order'}});
  });
  after(() => service.stop());

  test('is PENDING however often it is asked for, and has no file', async () => {
    const asked = await Promise.all([
      service.send('/audit-logs?includeArchivedLogs=true'),
      service.send('/audit-logs/export?includeArchivedLogs=true'),
      service.send('/audit-logs/archive', {body: {actedOn: 'order'}}),
    ]);
    for (const {json} of asked) {
      const {jobId} = json as {jobId: string};
      for (let i = 0; i < 5; i++) {
        const job = (await service.send(`/audit-logs/jobs/${jobId}`)).json as Job;
        assert.equal(job.status, 'PENDING');
        assert.ok(!('result' in job));
      }
    }
    const [, exported, archived] = asked;
    assert.equal(archived.status, 202);
    const {jobId} = exported.json as {jobId: string};
    const file = await service.send(`/audit-logs/jobs/${jobId}/file`);
    assertRefused(file, {status: 409, code: 'RESULT_NOT_READY', field: 'jobId'});
  });
});
