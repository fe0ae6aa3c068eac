import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';

test('docs/operations.md distributes every table that has a tenant', () => {
  const schema = readFileSync('migrations/schema.sql', 'utf8');
  const tables = [...schema.matchAll(/^CREATE TABLE (\w+) \(\n(.*?)^\)/gms)]
    .filter(([, , columns = '']) => /^ *tenant_id /m.test(columns))
    .map(([, name]) => name);
  const [, statements = ''] =
    /(SELECT create_distributed_table.*?)```/s.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const distributed = [...statements.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  assert.ok(tables.includes('audit_logs'));
  assert.deepEqual([...new Set(distributed)].filter(name => name !== 'tenant_id').sort(), tables.sort());
});
