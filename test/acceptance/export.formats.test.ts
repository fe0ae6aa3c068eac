import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import ExcelJS from 'exceljs';
import {readEntryCsv} from '../../dist/export/read-entry-csv';
import {startTestService, type TestService} from '../support/test-service';
import {fullEntry} from '../unit/sample-entry';

const ENTRIES = 1_234;
const AWKWARD = ['=1+1', '-1', '@a', "'a", '\ta', 'a,b', 'a"b', 'a\r\nb', '\rb', ' a ', 'null', 'é😀', ''];

let service: TestService;
/** Every entry as the service answers it, oldest first. */
let stored: AuditEntry[];

before(async () => {
  service = await startTestService();
  const body = Array.from({length: ENTRIES}, (_, i) => {
    const {
      id: _id,
      recordedAt: _at,
      leafIndex: _index,
      leafHash: _hash,
      salt: _salt,
      ...entry
    } = fullEntry(i);
    const awkward = AWKWARD[i % AWKWARD.length];
    return {
      ...entry,
      actedAt: new Date(Date.UTC(2026, 1, 1) + i).toISOString(),
      metadata: {awkward},
      reason: awkward,
    };
  });
  const answer = await service.send('/audit-logs/batch', {body});
  assert.equal(answer.status, 200, answer.text);
  const {rows} = await service.db.admin.query('SELECT count(*)::int AS n FROM audit_logs');
  assert.equal(rows[0].n, ENTRIES);
  stored = await jsonOf('json');
});
after(() => service.stop());

const path = (format: string) => `/audit-logs/export?format=${format}&order=actedAt`;
const jsonOf = async (format: string) => (await service.send(path(format))).json as AuditEntry[];

async function bytesOf(format: string): Promise<{bytes: Buffer; headers: Headers}> {
  const response = await fetch(`${service.url}${path(format)}`, {
    headers: {authorization: `Bearer ${await service.token()}`},
  });
  assert.equal(response.status, 200);
  return {bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers};
}

test('JSON has every entry, as a search answers it', async () => {
  const pages = await Promise.all(
    [0, 1].map(i => service.send(`/audit-logs?filter={"order":"actedAt","limit":1000,"skip":${i * 1_000}}`)),
  );
  assert.equal(stored.length, ENTRIES);
  assert.deepEqual(
    stored,
    pages.flatMap(page => page.json as AuditEntry[]),
  );
});

test('NDJSON has every entry, one a line', async () => {
  const {bytes, headers} = await bytesOf('ndjson');
  const lines = bytes.toString().split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines.map(line => JSON.parse(line) as AuditEntry),
    stored,
  );
  assert.match(headers.get('content-type') ?? '', /^application\/x-ndjson/);
});

test('CSV has every entry, and gives each back as it was', async () => {
  const {bytes, headers} = await bytesOf('csv');
  const read: AuditEntry[] = [];
  for await (const page of readEntryCsv(Readable.from([bytes]))) read.push(...page);
  assert.deepEqual(read, stored);
  assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="audit-logs-.*\.csv"$/);
});

test('no cell of CSV can begin a formula', async () => {
  const {bytes} = await bytesOf('csv');
  assert.doesNotMatch(bytes.toString(), /(^|,|\n)"?[=+\-@\t]/);
});

test('XLSX has every entry', async () => {
  const {bytes, headers} = await bytesOf('xlsx');
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load(bytes as unknown as ExcelJS.Buffer);
  const ids = new Set<unknown>();
  workbook.eachSheet(sheet => {
    const column = (sheet.getRow(1).values as unknown[]).indexOf('id');
    sheet.eachRow((row, number) => number > 1 && ids.add(row.getCell(column).value));
  });
  assert.deepEqual(ids, new Set(stored.map(({id}) => id)));
  assert.match(headers.get('content-type') ?? '', /spreadsheetml/);
});

test('a limit and fields shape what is exported', async () => {
  const some = await service.send(
    '/audit-logs/export?format=json&filter={"limit":3,"fields":["id","actor"],"order":"actedAt"}',
  );
  assert.deepEqual(
    some.json,
    stored.slice(0, 3).map(({id, actor}) => ({id, actor})),
  );
});

test('without a format the workbook goes to the export handler, which says where it is', async () => {
  const {json, status} = await service.send('/audit-logs/export');
  assert.equal(status, 200);
  assert.match((json as {key: string}).key, /^exports\/tenant=acme\/.*\.xlsx$/);
});
