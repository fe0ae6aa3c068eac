import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {test} from 'node:test';
import fc from 'fast-check';
import {type CursorScope, readCursor, writeCursor} from '../../dist/query/cursor';
import {NEWEST_FIRST, OLDEST_FIRST, readOrder} from '../../dist/query/order';
import {readWhere} from '../../dist/query/where';
import {fullEntry, smallEntry} from './sample-entry';

const key = randomBytes(32);
const scope: CursorScope = {
  tenantId: 'acme',
  selection: {condition: readWhere({actor: 'jane'}), order: NEWEST_FIRST},
  now: '2026-05-01T00:00:00.000000Z',
};
const refused = {code: 'INVALID_CURSOR'};

test('a cursor gives back the values of the order, absent ones as null', () => {
  const entry = fullEntry(1);
  assert.deepEqual(readCursor(key, scope, writeCursor(key, scope, entry)), {
    after: [entry.actedAt, entry.id],
    backward: false,
  });
  assert.equal(readCursor(key, scope, writeCursor(key, scope, entry, true)).backward, true);
  const order = readOrder('entityName DESC,leafIndex,ip');
  const other = {...scope, selection: {...scope.selection, order}};
  assert.deepEqual(readCursor(key, other, writeCursor(key, other, smallEntry(1))).after, [
    null,
    null,
    null,
    smallEntry(1).id,
  ]);
  assert.deepEqual(readCursor(key, other, writeCursor(key, other, entry)).after, [
    ...[entry.entityName, entry.leafIndex, entry.ip, entry.id],
  ]);
});

test('a cursor is good for its tenant, condition, order and key alone', () => {
  const cursor = writeCursor(key, scope, smallEntry(1));
  const {selection} = scope;
  assert.throws(() => readCursor(key, {...scope, tenantId: 'rival'}, cursor), refused);
  const otherCondition = {...selection, condition: readWhere({actor: 'joe'})};
  assert.throws(() => readCursor(key, {...scope, selection: otherCondition}, cursor), refused);
  assert.throws(
    () => readCursor(key, {...scope, selection: {...selection, order: OLDEST_FIRST}}, cursor),
    refused,
  );
  assert.throws(() => readCursor(randomBytes(32), scope, cursor), refused);
});

test('no change of a cursor is accepted', () => {
  const cursor = writeCursor(key, scope, smallEntry(1));
  fc.assert(
    fc.property(fc.nat(cursor.length - 1), fc.string({minLength: 0, maxLength: 2}), (at, text) => {
      const changed = cursor.slice(0, at) + text + cursor.slice(at + 1);
      if (changed === cursor) return;
      assert.throws(() => readCursor(key, scope, changed), refused);
    }),
  );
});

test('no text is accepted that was not written here', () => {
  fc.assert(fc.property(fc.string(), text => assert.throws(() => readCursor(key, scope, text), refused)));
  fc.assert(
    fc.property(fc.base64String(), text => assert.throws(() => readCursor(key, scope, text), refused)),
  );
});
