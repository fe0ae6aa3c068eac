import assert from 'node:assert/strict';
import {afterEach, describe, test} from 'node:test';
import {recordedChange} from '@loopback-audit/audit-log/dist/diff/change';
import {jsonOf, sameJson} from '@loopback-audit/audit-log/dist/diff/json-of';
import {isMaskedByDefault, masking, useMasks, withheld} from '@loopback-audit/audit-log/dist/diff/mask';

describe('isMaskedByDefault', () => {
  for (const name of [
    'password',
    'userPassword',
    'api_key',
    'accessToken',
    'client-secret',
    'PIN',
    'cardPin',
    'CVV',
  ]) {
    test(`withholds ${name}`, () => assert.ok(isMaskedByDefault(name)));
  }
  for (const name of ['name', 'shipping', 'pinned', 'opinion', 'spin', 'author', 'key']) {
    test(`shows ${name}`, () => assert.ok(!isMaskedByDefault(name)));
  }
});

test('withheld replaces values at every depth, and leaves null as it is', () => {
  const state = {name: 'a', token: null, nested: {list: [{password: 'x', id: 1}]}, note: 'n'};
  const isMasked = masking(['note'], name => name === 'name');
  assert.deepEqual(withheld(state, isMasked), {
    name: '[withheld]',
    token: null,
    nested: {list: [{password: '[withheld]', id: 1}]},
    note: '[withheld]',
  });
});

describe('masking', () => {
  afterEach(() => useMasks({}));

  test('shows a name that is withheld by default where it is unmasked, and that very name alone', () => {
    const isMasked = masking(['token'], ['note'], ['tokenCount', 'token', 'note']);
    assert.deepEqual(
      ['tokenCount', 'tokenCounts', 'token', 'note', 'password'].map(isMasked),
      [false, true, true, true, true],
      'what is hidden or masked stays so',
    );
  });

  test('follows the masks of the application', () => {
    useMasks({mask: ['salary'], unmask: ['pin']});
    assert.deepEqual(['salary', 'pin', 'cvv', 'name'].map(masking()), [true, false, true, false]);
  });
});

describe('jsonOf', () => {
  class Decimal {
    constructor(readonly text: string) {}
    toString() {
      return this.text;
    }
  }
  for (const [what, value, json] of [
    ['a date', new Date('2026-01-02T03:04:05.678Z'), '2026-01-02T03:04:05.678Z'],
    ['bytes', Buffer.from('hi'), 'aGk='],
    ['a big number', 12345678901234567890n, '12345678901234567890'],
    ['a decimal', new Decimal('1.10'), '1.10'],
    ['what is not a number', Number.NaN, null],
    ['undefined', undefined, null],
    ['a list', [undefined, new Date(0)], [null, '1970-01-01T00:00:00.000Z']],
    ['an object with toJSON', {toJSON: () => ({a: 1})}, {a: 1}],
    ['an object', {a: undefined, b: {c: 1n}}, {b: {c: '1'}}],
  ] as const) {
    test(`takes ${what} by value`, () => assert.deepEqual(jsonOf(value), json));
  }
});

test('sameJson compares by value: the order of properties does not count, nor does null against absent', () => {
  assert.ok(sameJson({a: 1, b: [{c: null}]}, {b: [{c: null}], a: 1}));
  assert.ok(sameJson(null, undefined));
  assert.ok(!sameJson({a: null}, {}), 'inside a value they are two things');
  assert.ok(!sameJson([1, 2], [2, 1]));
  assert.ok(!sameJson({a: 0}, {a: false}));
  assert.ok(!sameJson([], {}));
});

test('recordedChange names what changed, withholds and ignores', () => {
  const change = {
    id: '1',
    before: {name: 'a', password: 'old', modifiedOn: 1, same: {x: 1}},
    after: {name: 'b', password: 'new', modifiedOn: 2, same: {x: 1}},
  };
  const policy = {isMasked: masking([]), ignored: ['modifiedOn']};
  assert.deepEqual(recordedChange(change, policy), {
    before: {name: 'a', password: '[withheld]', same: {x: 1}},
    after: {name: 'b', password: '[withheld]', same: {x: 1}},
    changedFields: ['name', 'password'],
  });
});
