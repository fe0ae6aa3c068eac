import assert from 'node:assert/strict';
import {it} from 'node:test';
import {detectKind} from '../../dist/import/detect-kind';

const kindOf = (name: string, head: string) => detectKind(name, Buffer.from(head));

it('detectKind goes by the first bytes, then by the name', () => {
  assert.equal(kindOf('a.json', '{"Records":[{'), 'cloudtrail');
  assert.equal(kindOf('a.json.gz', '{\n  "Records" : ['), 'cloudtrail');
  assert.equal(kindOf('a.json', '{"version":1,"Records":[{'), 'cloudtrail');
  assert.equal(kindOf('a.json', '[\n{"id":'), 'json');
  assert.equal(kindOf('a.json', '{"id":"1","action":'), 'ndjson');
  assert.equal(kindOf('a.ndjson', ''), 'ndjson');
  assert.equal(kindOf('a.csv', 'id,tenantId,action,actionKey,actedAt,recordedAt\r\n'), 'csv');
  assert.equal(kindOf('a.CSV', '\ufeff"action",actor\n'), 'csv');
  assert.equal(
    kindOf('audit_logs.csv', 'id,action,actedAt,actedOn,actionKey,entityId,actor,before,after\n'),
    'sourceloop-csv',
  );
  assert.throws(() => kindOf('LICENSE', 'MIT License'), {code: 'INVALID_FILE'});
});
