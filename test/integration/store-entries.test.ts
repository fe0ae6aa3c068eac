import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import {SERVICE_GIVEN} from '../../dist/admission/property-rules';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {assertRefused} from '../support/bad-request';
import {assertSealed} from '../support/sealed-tree';
import {startTestService, type TestService} from '../support/test-service';
import {fullEntry} from '../unit/sample-entry';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.stop());

const post = (body: object) => service.send('/audit-logs', {body});
const postBatch = (body: object[]) => service.send('/audit-logs/batch', {body});
const rowsOf = async (...ids: string[]): Promise<number> =>
  Number(
    (await service.db.admin.query('SELECT count(*) FROM audit_logs WHERE id = ANY ($1)', [ids])).rows[0]
      .count,
  );

/** An entry with every property that a caller may give. */
function completeEntry(): Partial<AuditEntry> {
  const entry: Partial<AuditEntry> = {...fullEntry(1), id: randomUUID(), errorCode: 'E1'};
  entry.metadata = {'dotted.key': {a: '😀'}, list: [], n: -0.1e-7, big: 2 ** 53, empty: '', no: null};
  for (const property of SERVICE_GIVEN) delete entry[property];
  return entry;
}

describe('one entry', () => {
  test('is stored with every property that there is, as it was sent', async () => {
    const entry = completeEntry();
    const properties = ENTRY_COLUMNS.map(({property}) => property).filter(
      property => !SERVICE_GIVEN.some(given => given === property),
    );
    assert.deepEqual(Object.keys(entry).sort(), [...properties].sort());
    const posted = await post(entry);
    assert.equal(posted.status, 200, posted.text);
    const stored = (await service.send(`/audit-logs/${entry.id}`)).json as AuditEntry;
    const {recordedAt: _at, leafIndex: _index, leafHash: _hash, salt: _salt, ...sent} = stored;
    assert.deepEqual(sent, entry);
    assert.deepEqual(posted.json, stored);
  });

  test('keeps the microseconds of its time, in UTC', async () => {
    for (const [sent, stored] of [
      ['2026-11-22T03:10:59.123456Z', '2026-11-22T03:10:59.123456Z'],
      ['2026-11-22T03:10:59.000001+05:30', '2026-11-21T21:40:59.000001Z'],
      ['2026-11-22T03:10:59.1234569Z', '2026-11-22T03:10:59.123456Z'],
      ['2026-11-22', '2026-11-22T00:00:00.000Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
      ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
    ]) {
      const {id, actedAt} = (await post({action: 'a.b', actedAt: sent})).json as AuditEntry;
      assert.equal(actedAt, stored);
      assert.equal(((await service.send(`/audit-logs/${id}`)).json as AuditEntry).actedAt, stored);
    }
  });

  test('counts null as absent', async () => {
    const {id} = (await post({action: 'a.b', reason: null, after: null})).json as AuditEntry;
    const stored = (await service.send(`/audit-logs/${id}`)).json as AuditEntry;
    assert.ok(!('reason' in stored) && !('after' in stored));
  });
});

describe('the same id', () => {
  test('with the same content answers the entry stored first, and adds nothing', async () => {
    const entry = completeEntry();
    const first = await post(entry);
    const shuffled = Object.fromEntries(Object.entries(entry).reverse());
    for (const again of [entry, shuffled, {id: entry.id?.toUpperCase(), action: entry.action}]) {
      const answer = await post(again);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json, first.json);
    }
    assert.equal(await rowsOf(entry.id ?? ''), 1);
  });

  test('with the same address, mapped into IPv6 or not, is the same entry', async () => {
    const entry = {id: randomUUID(), action: 'a.b', ip: '10.0.0.1'};
    const first = await post({...entry, ip: '::ffff:a00:1'});
    assert.equal((first.json as AuditEntry).ip, '10.0.0.1');
    for (const ip of ['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:A00:1']) {
      const again = await post({...entry, ip});
      assert.equal(again.status, 200, again.text);
      assert.deepEqual(again.json, first.json);
    }
    for (const ip of ['10.0.0.0/8', '::ffff:10.0.0.0/104', '::ffff:a00:1']) {
      const {json} = await service.send(`/audit-logs?q=id:${entry.id}&ip=${encodeURIComponent(ip)}`);
      assert.equal((json as AuditEntry[]).length, 1, ip);
    }
  });

  test('with other content is refused, and every difference is named', async () => {
    const entry = completeEntry();
    await post(entry);
    for (const [field, value] of Object.entries({
      actedAt: '2026-11-22T03:10:59.123457Z',
      action: 'other',
      before: {status: 'open'},
      tags: ['', 'a,b'],
      metadata: {...entry.metadata, no: 0},
      ip: '2001:db8::2',
    })) {
      const answer = await post({...entry, [field]: value});
      assertRefused(answer, {status: 409, code: 'ID_CONFLICT', field});
    }
    const answer = await post({
      id: entry.id,
      action: entry.action,
      traceId: 'more than before',
      reason: 'new',
    });
    assert.equal((answer.json as {error: {details: object[]}}).error.details.length, 2);
    assert.equal(await rowsOf(entry.id ?? ''), 1);
  });

  test('sent by twenty callers at once is stored once, and all are answered alike', async () => {
    for (let round = 0; round < 5; round++) {
      const entry = {id: randomUUID(), action: 'a.b', actedAt: `20${10 + round}-03-03T03:03:03Z`};
      const answers = await Promise.all(Array.from({length: 20}, () => post(entry)));
      for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json, answers[0]?.json);
      }
      assert.equal(await rowsOf(entry.id), 1);
    }
  });

  test('sent by twenty callers with different content is stored once, and the others are refused', async () => {
    const id = randomUUID();
    const answers = await Promise.all(
      Array.from({length: 20}, (_, i) =>
        post({id, action: 'a.b', actedAt: `2026-${10 + (i % 3)}-01`, entityId: String(i)}),
      ),
    );
    assert.deepEqual(answers.map(({status}) => status).sort(), [200, ...Array(19).fill(409)]);
    assert.equal(await rowsOf(id), 1);
  });
});

describe('a batch', () => {
  test('that holds an entry twice stores it once', async () => {
    const [one, two] = [completeEntry(), completeEntry()];
    const answer = await postBatch([one, two, one, {...two}]);
    assert.deepEqual(answer.json, {count: 4, stored: 2, existing: 2});
    assert.deepEqual((await postBatch([two, one])).json, {count: 2, stored: 0, existing: 2});
    assert.equal(await rowsOf(one.id ?? '', two.id ?? ''), 2);
  });

  test('is stored whole or not at all, though the conflict is in its last page', async () => {
    const known = completeEntry();
    await post(known);
    const entries = Array.from({length: 1_200}, () => ({id: randomUUID(), action: 'a.b'}));
    const answer = await postBatch([...entries, {...known, action: 'other'}]);
    assertRefused(answer, {status: 409, code: 'ID_CONFLICT', field: 'action', line: 1_201});
    assert.equal(await rowsOf(...entries.map(({id}) => id)), 0);
  });

  test('of 5,000 lines is stored in their order, as they were sent', async () => {
    const entries = Array.from({length: 5_000}, (_, i) => ({
      ...{id: randomUUID(), action: 'spool.test', entityId: String(i), metadata: {text: `line ${i}\n"é😀"`}},
      actedAt: new Date(Date.UTC(2026, 6, 1) + i).toISOString(),
    }));
    const answer = await service.send('/audit-logs/batch', {
      body: entries.map(entry => JSON.stringify(entry)).join('\r\n'),
      headers: {'content-type': 'application/x-ndjson'},
    });
    assert.deepEqual(answer.json, {count: 5_000, stored: 5_000, existing: 0});
    const exported = await service.send('/audit-logs/export?format=ndjson&action=spool.test&order=actedAt');
    const stored = exported.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as AuditEntry);
    assert.deepEqual(
      stored.map(({id, action, entityId, metadata, actedAt}) => ({id, action, entityId, metadata, actedAt})),
      entries,
    );
  });
});

describe('partitions', () => {
  const partitionOf = async (id: string) =>
    (
      await service.db.admin.query('SELECT tableoid::regclass::text AS name FROM audit_logs WHERE id = $1', [
        id,
      ])
    ).rows[0].name;

  test('are made for the month of an entry, once, by any number of callers', async () => {
    const times = Array.from({length: 12}, (_, i) => `2019-${String((i % 3) + 1).padStart(2, '0')}-15`);
    const answers = await Promise.all(times.map(actedAt => post({action: 'a.b', actedAt})));
    for (const [i, {json}] of answers.entries()) {
      assert.equal(
        await partitionOf((json as AuditEntry).id),
        `audit_logs_${times[i]?.slice(0, 7).replace('-', '_')}`,
      );
    }
  });

  test('are not made for months that nobody works in: those go to the default partition', async () => {
    for (const actedAt of ['1969-07-20', '1999-12-31T23:59:59.999999Z', '2150-01-01']) {
      const {id} = (await post({action: 'a.b', actedAt})).json as AuditEntry;
      assert.equal(await partitionOf(id), 'audit_logs_default');
      assert.equal((await service.send(`/audit-logs/${id}`)).status, 200);
    }
  });

  test('take entries to the microsecond of their month', async () => {
    const last = (await post({action: 'a.b', actedAt: '2018-01-31T23:59:59.999999Z'})).json as AuditEntry;
    const first = (await post({action: 'a.b', actedAt: '2018-02-01T00:00:00Z'})).json as AuditEntry;
    assert.equal(await partitionOf(last.id), 'audit_logs_2018_01');
    assert.equal(await partitionOf(first.id), 'audit_logs_2018_02');
  });

  test('that were detached take no entry: it is stored where it is found, also by a process that knows them', async () => {
    const actedAt = '2017-05-05T00:00:00Z';
    const before = (await post({action: 'a.b', actedAt})).json as AuditEntry;
    assert.equal(await partitionOf(before.id), 'audit_logs_2017_05');
    await service.db.admin.query('ALTER TABLE audit_logs DETACH PARTITION audit_logs_2017_05');
    const answers = await Promise.all([
      post({action: 'a.b', actedAt}),
      postBatch(Array.from({length: 300}, () => ({action: 'batch', actedAt}))),
    ]);
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    const after = answers[0].json as AuditEntry;
    assert.equal(await partitionOf(after.id), 'audit_logs_default');
    assert.equal((await service.send(`/audit-logs/${after.id}`)).status, 200);
    assert.deepEqual(
      (await service.send(`/audit-logs/count?action=batch&from=${actedAt}&to=${actedAt}`)).json,
      {count: 300, relation: 'eq'},
    );
    const {rows} = await service.db.admin.query('SELECT count(*)::int AS n FROM audit_logs_2017_05');
    assert.equal(rows[0].n, 1);
  });

  test('of the present month come with that of the next', async () => {
    await post({action: 'a.b'});
    const now = new Date();
    const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
    const {rows} = await service.db.admin.query('SELECT to_regclass($1) IS NOT NULL AS there', [
      `audit_logs_${next.slice(0, 7).replace('-', '_')}`,
    ]);
    assert.equal(rows[0].there, true);
  });
});

describe('a batch whose receipts are asked for', () => {
  const batchOf = (length: number) =>
    Array.from({length}, (_, i) => ({action: 'receipt.test', entityId: String(i), reason: 'x'}));

  for (const length of [3, 2_500]) {
    test(`of ${length} answers what each of its entries was given, in their order`, async () => {
      const answer = await service.send('/audit-logs/batch?receipts=true', {body: batchOf(length)});
      const {count, receipts} = answer.json as {count: number; receipts: AuditEntry[]};
      assert.equal(count, length);
      assert.equal(receipts.length, length);
      for (const [i, receipt] of receipts.entries()) {
        assert.equal(receipt.leafIndex, (receipts[0]?.leafIndex ?? 0) + i);
      }
      const last = receipts.at(-1) as AuditEntry;
      const stored = (await service.send(`/audit-logs/${last.id}`)).json as AuditEntry;
      const {id, recordedAt, leafIndex, leafHash, salt} = stored;
      assert.deepEqual(last, {id, recordedAt, leafIndex, leafHash, salt});
      assert.equal(stored.entityId, String(length - 1));
    });
  }

  test('answers the first receipt of an entry that was known, and refuses parameters that it does not know', async () => {
    const entry = {id: randomUUID(), action: 'a.b'};
    const first = (await post(entry)).json as AuditEntry;
    const answer = await service.send('/audit-logs/batch?receipts=true', {body: [entry, {action: 'c.d'}]});
    const {receipts} = answer.json as {receipts: AuditEntry[]};
    assert.equal(receipts[0]?.leafIndex, first.leafIndex);
    const refused = await service.send('/audit-logs/batch?receipt=true', {body: [entry]});
    assertRefused(refused, {status: 400, code: 'INVALID_PARAMETER', field: 'receipt'});
  });
});

describe('an entry that a host records', () => {
  test('is refused where it holds what is no JSON: the leaf would commit to something else', async () => {
    const trail = new AuditTrailRepository(service.db.database, {queryTimeoutMs: 10_000});
    const bearer = {tenantId: 'host', actor: 'host', actorType: 'service'} as const;
    for (const value of [new Date(), {toJSON: () => 1}, new Map(), () => 1, 1n, [undefined]]) {
      const before = {deep: {value}} as unknown as JsonObject;
      await assert.rejects(trail.record({action: 'a.b', before}, bearer), {code: 'INVALID_ENTRY'});
    }
    const absent = {deep: undefined, there: 1} as unknown as JsonObject;
    const stored = await trail.record({action: 'a.b', before: absent}, bearer);
    assert.equal(stored.leafIndex, 0);
    await assertSealed(service.db.database, service.db.admin, 'host');
  });

  test('counts for nothing in a batch of none', async () => {
    const trail = new AuditTrailRepository(service.db.database, {queryTimeoutMs: 10_000});
    assert.deepEqual(await trail.createAll('host', []), {count: 0, stored: 0});
  });
});
