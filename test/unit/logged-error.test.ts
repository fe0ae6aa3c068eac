import assert from 'node:assert/strict';
import {test} from 'node:test';
import {AuditError} from '../../dist/errors';
import {serviceLogger} from '../../dist/observability/service-logger';

const logged = (error: unknown): string => {
  let line = '';
  const logger = serviceLogger('info', {
    write(text: string) {
      line += text;
    },
  });
  logger.error({err: error}, 'failed');
  return line;
};

test('the log keeps the code and the place of a fault of PostgreSQL, and no value that it quotes', () => {
  const fault = Object.assign(new Error('invalid input syntax for type uuid: "of a patient"'), {
    severity: 'ERROR',
    code: '23514',
    detail: 'Failing row contains (of a patient).',
    where: 'COPY audit_logs, line 1: "of a patient"',
    table: 'audit_logs',
    constraint: 'audit_logs_tenant_id_check',
    routine: 'ExecConstraints',
  });
  const line = logged(new AuditError('INTERNAL', 'The request failed.', [], {cause: fault}));
  assert.doesNotMatch(line, /patient/);
  for (const kept of ['23514', 'audit_logs_tenant_id_check', 'ExecConstraints', 'INTERNAL']) {
    assert.ok(line.includes(kept), kept);
  }
});

test('the log keeps message and stack of other faults, and those of their causes', () => {
  const line = logged(new Error('outer', {cause: new TypeError('inner')}));
  assert.match(line, /outer/);
  assert.match(line, /TypeError: inner/);
});
