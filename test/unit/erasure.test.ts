import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {ERASE_ACTION} from '../../dist/integrity/erasures';
import {isReached, leafRanges} from '../../dist/models/erasure';

test('leaves become the fewest ranges, in ascending order', () => {
  assert.deepEqual(leafRanges([]), []);
  assert.deepEqual(leafRanges([7, 3, 4, 5, 9, 8]), [
    [3, 5],
    [7, 9],
  ]);
});

test('an erasure reaches the entries of the subject or of the actor, and no record of an erasure', () => {
  const entry = {action: 'a.b', dataSubjectId: '7', actor: 'jane'} as AuditEntry;
  const reason = 'asked for';
  assert.ok(isReached(entry, {dataSubjectId: '7', reason}));
  assert.ok(isReached(entry, {actor: 'jane', dataSubjectId: '8', reason}));
  assert.ok(!isReached(entry, {actor: '7', dataSubjectId: 'jane', reason}));
  assert.ok(!isReached({...entry, action: ERASE_ACTION}, {dataSubjectId: '7', reason}));
});
