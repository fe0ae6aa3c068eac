import assert from 'node:assert/strict';
import {once} from 'node:events';
import {test} from 'node:test';
import {DeliveryFailures} from '@loopback-audit/audit-log';

test('a listener that throws harms neither who reports nor the count; the process is warned', async () => {
  const failures = new DeliveryFailures();
  failures.on('failure', () => {
    throw new Error('the listener is broken');
  });
  const warned = once(process, 'warning');
  failures.report({entries: [], error: new Error('the sink is down')});
  assert.equal(failures.count, 1);
  assert.match(String((await warned)[0]), /the listener is broken/);
});
