import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {EVERYTHING} from '../../dist/models/condition';
import {ipHistory} from '../../dist/repositories/ip-history';
import {type DetectionTrail, detectionTrail} from '../support/detection-trail';

let trail: DetectionTrail;
before(async () => {
  trail = await detectionTrail();
});
after(() => trail.db.drop());

const seen = (minute: number, ip?: string): NewAuditEntry => ({
  action: 'a',
  actor: 'jane',
  actedAt: `2026-03-02T09:0${minute}:00.000Z`,
  ...(ip && {ip}),
});

const historyOf = (tenantId: string, lookedThrough: number) =>
  trail.db.database.transaction({role: 'audit_reader', tenantId}, session =>
    ipHistory(session, tenantId, EVERYTHING, 10, lookedThrough),
  );

test('addresses of the newest entries are answered, and whether those are all entries', async () => {
  await trail.store([seen(1, '192.0.2.1'), seen(2, '192.0.2.2'), seen(3), seen(4, '192.0.2.2')], 'some');
  const used = (ip: string, first: number, last: number, entries: number) => ({
    ...{ip, entries},
    firstSeen: `2026-03-02T09:0${first}:00.000Z`,
    lastSeen: `2026-03-02T09:0${last}:00.000Z`,
  });
  const [two, one] = [used('192.0.2.2', 2, 4, 2), used('192.0.2.1', 1, 1, 1)];
  assert.deepEqual(await historyOf('some', 5), {addresses: [two, one], complete: true});
  assert.deepEqual(await historyOf('some', 4), {addresses: [two, one], complete: true});
  assert.deepEqual(await historyOf('some', 3), {addresses: [two], complete: false});
});

test('entries without an address are looked at all the same', async () => {
  await trail.store([seen(1), seen(2), seen(3)], 'none');
  assert.deepEqual(await historyOf('none', 3), {addresses: [], complete: true});
  assert.deepEqual(await historyOf('none', 2), {addresses: [], complete: false});
  assert.deepEqual(await historyOf('nobody', 2), {addresses: [], complete: true});
});
