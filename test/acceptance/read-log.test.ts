import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {assertRefused} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
let id: string;
before(async () => {
  service = await startTestService({READS_LOGGED: 'view,export,prove'});
  const {json} = await service.send('/audit-logs', {method: 'POST', body: {action: 'order.read'}});
  id = (json as AuditEntry).id;
});
after(() => service.stop());

/** What the trail has of readings, past the routes. */
const readings = async () => {
  const {rows} = await service.db.admin.query(
    "SELECT action, actor, method, path, metadata, leaf_index FROM audit_logs WHERE action LIKE 'audit.log.%' ORDER BY leaf_index",
  );
  return rows;
};

const READS: [path: string, action: string, query?: string][] = [
  ['/audit-logs?action=order.*', 'audit.log.view', 'action=order.*'],
  ['/audit-logs/count', 'audit.log.view'],
  ['/audit-logs/summary', 'audit.log.view'],
  ['/audit-logs/{id}', 'audit.log.view'],
  ['/audit-logs/{id}/proof', 'audit.log.prove'],
  ['/audit-logs/resource/audit-logs/keys', 'audit.log.view'],
  ['/audit-logs/resource/audit-logs/checkpoint', 'audit.log.view'],
  ['/audit-logs/resource/tile/proof', 'audit.log.view'],
  ['/audit-logs/user/proof', 'audit.log.view'],
  ['/audit-logs/request/proof', 'audit.log.view'],
  ['/audit-logs/export?format=csv', 'audit.log.export', 'format=csv'],
];

for (const [route, action, query] of READS) {
  test(`GET ${route} is told of once, before it is answered`, async () => {
    const before = await readings();
    const path = route.replace('{id}', id);
    const {status, text} = await service.send(path, {token: await service.token({sub: 'curious'})});
    assert.equal(status, 200, text);
    const [reading, ...more] = (await readings()).slice(before.length);
    assert.equal(more.length, 0);
    assert.equal(reading?.action, action);
    assert.equal(reading?.actor, 'curious');
    assert.equal(reading?.path, path.split('?')[0]);
    assert.deepEqual(reading?.metadata, query === undefined ? null : {query});
    assert.ok(Number(reading?.leaf_index) > 0);
  });
}

test('what tells of the tree alone, writes and refused callers make no entry about reading', async () => {
  const before = (await readings()).length;
  for (const path of ['checkpoint', 'consistency?from=1&to=2', 'keys', 'tile/0/000.p/1']) {
    const {status, text} = await service.send(`/audit-logs/${path}`);
    assert.equal(status, 200, text);
  }
  await service.send('/audit-logs', {method: 'POST', body: {action: 'order.read'}});
  const {status} = await service.send('/audit-logs', {token: await service.token({permissions: ['2']})});
  assert.equal(status, 403);
  assert.equal((await readings()).length, before);
});

test('nobody but the service tells of readings, erasures, alerts and rules', async () => {
  const before = (await readings()).length;
  for (const action of ['audit.log.view', 'Audit.Log.Prove', 'AUDIT.ALERT.raise', 'audit.RULE.delete']) {
    assertRefused(await service.send('/audit-logs', {body: {action}}), {
      status: 400,
      code: 'INVALID_ENTRY',
      field: 'action',
    });
  }
  const {status, text} = await service.send('/audit-logs', {body: {action: 'audit.logs.rotate'}});
  assert.equal(status, 200, text);
  assert.equal((await readings()).length, before);
});

test('nothing is told of where nothing is configured', async () => {
  const silent = await startTestService();
  try {
    await silent.send('/audit-logs');
    const {rows} = await silent.db.admin.query('SELECT FROM audit_logs');
    assert.equal(rows.length, 0);
  } finally {
    await silent.stop();
  }
});
