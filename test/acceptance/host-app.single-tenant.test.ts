import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '../../dist';
import {KEYS, startTestShop, type TestShop} from '../support/test-shop';

let shop: TestShop;
before(async () => {
  shop = await startTestShop({tenancy: {mode: 'single', tenantId: 'corner'}});
});
after(() => shop.stop());

test('in a host without tenants every caller shares the one trail, whatever its profile says', async () => {
  const posted = await shop.send('/api/audit-logs', {body: {action: 'till.open'}, token: KEYS.nobody});
  assert.equal(posted.status, 200, posted.text);
  const entry = posted.json as AuditEntry;
  assert.deepEqual([entry.tenantId, entry.actor], ['corner', 'nils']);
  for (const token of [KEYS.nobody, KEYS.rival, KEYS.owner]) {
    const found = await shop.send(`/api/audit-logs/${entry.id}`, {token});
    assert.deepEqual(found.json, entry);
  }
});

test('in a host without tenants permissions still count', async () => {
  assert.equal((await shop.send('/api/audit-logs', {token: KEYS.clerk})).status, 403);
});
