import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {Workbook} from 'exceljs';
import {readEntryCsv} from '../../dist/export/read-entry-csv';
import {httpSender} from '../../dist/import/http-sender';
import {importFiles} from '../../dist/import/import-files';
import {CLOUDTRAIL_SKIPPED, cloudTrailFiles, type RawRecord, rawRecords} from '../support/cloudtrail-data';
import {startTestService, type TestService} from '../support/test-service';

const HOUR = {from: '2023-07-10T12:00:00.000Z', to: '2023-07-10T12:59:59.999999Z'};

const tally = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
};

describe('2,093 records of AWS CloudTrail', {skip: CLOUDTRAIL_SKIPPED}, () => {
  let service: TestService;
  let raw: RawRecord[];
  let everything: AuditEntry[];

  before(async () => {
    raw = rawRecords();
    service = await startTestService();
    everything = [];
  });
  after(() => service?.stop());

  const importAll = async () =>
    importFiles(cloudTrailFiles(), {send: httpSender({url: service.url, token: await service.token()})});

  const count = async (query: string): Promise<number> => {
    const {json, text} = await service.send(`/audit-logs/count?${query}`);
    const answer = json as {count?: number};
    assert.ok(answer.count !== undefined, text);
    return answer.count;
  };

  const recall = async (query: string): Promise<AuditEntry[]> => {
    const {json} = await service.send(`/audit-logs?${query}&includeArchivedLogs=true`);
    const {jobId} = json as {jobId: string};
    for (;;) {
      const job = (await service.send(`/audit-logs/jobs/${jobId}`)).json as {
        status: string;
        result: AuditEntry[];
      };
      assert.notEqual(job.status, 'FAILED', JSON.stringify(job));
      if (job.status === 'COMPLETED') return job.result;
      await sleep(50);
    }
  };

  test('are imported, and importing them again changes nothing', async () => {
    const first = await importAll();
    assert.deepEqual([first.read, first.stored, first.badCount], [2_093, 2_093, 0]);
    const again = await importAll();
    assert.deepEqual([again.read, again.stored, again.alreadyThere], [2_093, 0, 2_093]);
    assert.equal(await count(''), 2_093);
  });

  test('are found by action as often as the files hold it', async () => {
    for (const [action, times] of tally(raw, record => record.eventName)) {
      assert.equal(await count(`action=${action}`), times, action);
    }
  });

  test('are found by actor as often as the files hold it', async () => {
    const actorOf = ({userIdentity: who}: RawRecord) => who.arn ?? who.principalId ?? who.invokedBy ?? '';
    for (const [actor, times] of tally(raw, actorOf)) {
      assert.equal(await count(`actor=${encodeURIComponent(actor)}`), times, actor);
    }
  });

  test('are found by failed outcome as often as the files hold it', async () => {
    const failed = raw.filter(
      record => record.errorCode || record.responseElements?.ConsoleLogin === 'Failure',
    );
    const denied = failed.filter(({errorCode = ''}) => /AccessDenied|UnauthorizedOperation/.test(errorCode));
    assert.equal(await count('outcome=failure,denied'), failed.length);
    assert.equal(await count('outcome=denied'), denied.length);
    const filter = encodeURIComponent(JSON.stringify({where: {outcome: {neq: 'success'}}}));
    assert.equal(await count(`filter=${filter}`), failed.length);
  });

  test('are all carried by every format of export', async () => {
    const ids = new Set(raw.map(record => record.eventID));
    const ndjson = await service.send('/audit-logs/export?format=ndjson&order=actedAt');
    everything = ndjson.text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    assert.deepEqual(new Set(everything.map(entry => entry.id)), ids);
    const json = await service.send('/audit-logs/export?format=json&order=actedAt');
    assert.deepEqual(json.json, everything);
    const csv = await service.send('/audit-logs/export?format=csv&order=actedAt');
    const read: AuditEntry[] = [];
    for await (const page of readEntryCsv(Readable.from([Buffer.from(csv.text)]))) read.push(...page);
    assert.deepEqual(read, everything);
    const workbook = new Workbook();
    const headers = {authorization: `Bearer ${await service.token()}`};
    const xlsx = await fetch(`${service.url}/audit-logs/export?format=xlsx`, {headers});
    await workbook.xlsx.load(await xlsx.arrayBuffer());
    const sheet = workbook.getWorksheet(1);
    const cells = sheet?.getColumn(1).values.slice(2).map(String);
    assert.deepEqual(new Set(cells), ids);
  });

  test('answer the same after one hour of them has been archived', async () => {
    const inHour = (entry: {actedAt: string}) => entry.actedAt >= HOUR.from && entry.actedAt <= HOUR.to;
    const hour = everything.filter(inHour);
    const archived = await service.send('/audit-logs/archive', {
      body: {date: {fromDate: HOUR.from, toDate: HOUR.to}},
    });
    const {numberOfEntriesArchived} = archived.json as {numberOfEntriesArchived: number};
    assert.equal(numberOfEntriesArchived, hour.length, archived.text);
    assert.equal(await count(''), everything.length - hour.length);
    assert.deepEqual(await recall('order=actedAt'), everything);
    assert.deepEqual(await recall(`order=actedAt&from=${HOUR.from}&to=${HOUR.to}`), hour);
    assert.deepEqual(
      await recall('order=actedAt&outcome=failure'),
      everything.filter(({outcome}) => outcome === 'failure'),
    );
  });
});
