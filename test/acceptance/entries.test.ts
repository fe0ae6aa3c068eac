import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.stop());

test('an entry that is posted is answered as it is stored, and found again by its id', async () => {
  const posted = await service.send('/audit-logs', {
    body: {action: 'user.login', actor: 'jane', ip: '2001:DB8::1'},
  });
  assert.equal(posted.status, 200, posted.text);
  const entry = posted.json as AuditEntry;
  assert.equal(entry.ip, '2001:db8::1');
  assert.equal(entry.tenantId, 'acme');
  const found = await service.send(`/audit-logs/${entry.id}`);
  assert.deepEqual(found.json, entry);
});
