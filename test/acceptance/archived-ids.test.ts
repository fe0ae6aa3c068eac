import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {gunzipSync, gzipSync} from 'node:zlib';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {eventually} from '../support/eventually';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.stop());

const secret = {id: randomUUID(), action: 'secret.read', actor: 'mallory', actedAt: '2020-01-01T00:00:00Z'};

const recall = async (
  query: string,
): Promise<{status: string; result?: AuditEntry[]; error?: {code: string}}> => {
  const {jobId} = (await service.send(`/audit-logs?${query}&includeArchivedLogs=true`)).json as {
    jobId: string;
  };
  return eventually('the job has ended', async () => {
    const job = (await service.send(`/audit-logs/jobs/${jobId}`)).json as {status: string};
    return ['COMPLETED', 'FAILED'].includes(job.status) ? job : undefined;
  });
};

describe('an entry that was archived', () => {
  before(async () => {
    await service.send('/audit-logs', {body: secret});
    const archived = await service.send('/audit-logs/archive', {
      body: {date: {fromDate: '2020-01-01', toDate: '2020-01-02'}},
    });
    assert.equal(archived.status, 200, archived.text);
  });

  test('is told from others that come with its id at the same time, each by itself', async () => {
    const answers = await Promise.all(
      Array.from({length: 20}, (_, i) =>
        service.send('/audit-logs', {body: i % 2 ? secret : {...secret, actor: `other-${i}`}}),
      ),
    );
    assert.deepEqual(
      answers.map(({status}) => status),
      answers.map((_, i) => (i % 2 ? 200 : 409)),
    );
    for (const {json, status} of answers) {
      if (status === 200) assert.equal((json as AuditEntry).actor, secret.actor);
    }
  });

  test('keeps its id: another entry cannot take its place', async () => {
    const {status, json} = await service.send('/audit-logs', {
      body: {id: secret.id, action: 'nothing', actor: 'saint'},
    });
    assert.equal(status, 409);
    const {error} = json as {error: {code: string; details: {field: string}[]}};
    assert.deepEqual([error.code, error.details[0]?.field], ['ID_CONFLICT', 'id']);
    assert.equal((await recall('actor=mallory')).result?.length, 1);
  });

  test('is known when it is sent again, and not stored a second time', async () => {
    const again = await service.send('/audit-logs/batch', {body: [secret]});
    assert.deepEqual(again.json, {count: 1, stored: 0, existing: 1}, again.text);
    assert.equal((await recall('actor=mallory')).result?.length, 1);
    assert.deepEqual((await service.send('/audit-logs/count?actor=mallory')).json, {
      count: 0,
      relation: 'eq',
    });
  });

  test('is not answered from a file that was altered, however sound the file is', async () => {
    const objects = join(service.settings.dataDir, 'objects', 'archives');
    const [name = ''] = (await readdir(objects, {recursive: true})).filter(file => file.endsWith('.csv.gz'));
    const file = join(objects, name);
    const text = gunzipSync(await readFile(file)).toString();
    await writeFile(file, gzipSync(text.replace('mallory', 'anybody')));
    const job = await recall('to=2020-01-02');
    assert.deepEqual([job.status, job.error?.code], ['FAILED', 'ARCHIVE_MISMATCH']);
  });
});
