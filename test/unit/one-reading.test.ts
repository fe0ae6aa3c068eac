import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ambiguity} from '../../dist/integrity/one-reading';

test('what JavaScript writes is read alike by all, however it is spaced', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat({max: 3}), (value, spaces) => {
      assert.equal(ambiguity(JSON.stringify(value, undefined, spaces)), undefined);
    }),
  );
});

test('numbers that are exact are taken in any form', () => {
  for (const number of [
    '1.0',
    '1e3',
    '1E+3',
    '-0',
    '0.10',
    '100e-2',
    '0.1',
    '9007199254740992',
    '1.5e300',
    '5e-324',
  ]) {
    assert.equal(ambiguity(`{"a":[${number}]}`), undefined, number);
  }
});

test('numbers that readers round, and names that stand twice, are told', () => {
  for (const number of [
    '9007199254740993',
    '0.1000000000000000055',
    '1e400',
    '123456789012345678',
    '4e-324',
  ]) {
    assert.match(ambiguity(`{"a":${number},"b":"1"}`)?.detail ?? '', /more digits/, number);
  }
  assert.deepEqual(ambiguity('{"a":1,"\\u0061":1}'), {field: 'a', detail: 'it has this property twice'});
  assert.equal(ambiguity('{"a":"9007199254740993"}'), undefined);
});
