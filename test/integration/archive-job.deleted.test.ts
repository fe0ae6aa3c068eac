import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.stop());

/** Entries by a name for each, so that a test can say which are left. */
const ENTRIES = {
  'order 1 inserted': {actedOn: 'order', entityId: '1', after: {deleted: false}},
  'order 1 removed': {actedOn: 'order', entityId: '1', before: {deleted: false}},
  'order 2 inserted': {actedOn: 'order', entityId: '2', after: {deleted: false}},
  'order 2 changed': {actedOn: 'order', entityId: '2', after: {total: 3}},
  'order 3 inserted': {actedOn: 'order', entityId: '3', after: {total: 1}},
  'order 3 marked': {actedOn: 'order', entityId: '3', after: {deleted: true}},
  'order 4 marked as text': {actedOn: 'order', entityId: '4', after: {deleted: 'true'}},
  'bill 1 inserted': {actedOn: 'bill', entityId: '1', after: {deleted: false}},
  'no type 1 inserted': {entityId: '1', after: {deleted: false}},
  'a login': {},
};
type Name = keyof typeof ENTRIES;

let names: Map<string, Name>;
beforeEach(async () => {
  await service.send('/audit-logs/archive', {body: {date: {fromDate: '2000-01-01', toDate: '2100-01-01'}}});
  names = new Map();
  for (const [name, properties] of Object.entries(ENTRIES)) {
    const posted = await service.send('/audit-logs', {body: {action: 'a.b', ...properties}});
    names.set((posted.json as AuditEntry).id, name as Name);
  }
});

async function leftAfter(filter: object): Promise<Name[]> {
  const answer = await service.send('/audit-logs/archive', {body: filter});
  assert.equal(answer.status, 200, answer.text);
  const left = ((await service.send('/audit-logs')).json as AuditEntry[]).map(
    ({id}) => names.get(id) as Name,
  );
  const {numberOfEntriesArchived} = answer.json as {numberOfEntriesArchived: number};
  assert.equal(numberOfEntriesArchived, names.size - left.length);
  return left.sort();
}

test('deleted: true takes entries whose after is absent or says so, and all others of those entities', async () => {
  assert.deepEqual(await leftAfter({deleted: true}), [
    'bill 1 inserted',
    'no type 1 inserted',
    'order 2 changed',
    'order 2 inserted',
  ]);
});

test('deleted: true with an entity id keeps to entities of that id', async () => {
  assert.deepEqual(await leftAfter({deleted: true, entityId: '1'}), [
    'a login',
    'bill 1 inserted',
    'no type 1 inserted',
    'order 2 changed',
    'order 2 inserted',
    'order 3 inserted',
    'order 3 marked',
    'order 4 marked as text',
  ]);
});

test('deleted: false takes entries whose after says so, and no others', async () => {
  assert.deepEqual(await leftAfter({deleted: false}), [
    'a login',
    'order 1 removed',
    'order 2 changed',
    'order 3 inserted',
    'order 3 marked',
    'order 4 marked as text',
  ]);
});
