import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {canonicalJson} from '../../../dist/integrity/canonical-json';
import {naiveJson} from './naive-leaf';

/** Doubles by their bits, and the text that RFC 8785, appendix B, gives each. */
const NUMBERS: readonly [bits: string, text: string][] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

describe('RFC 8785', () => {
  test('the example of section 3.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    assert.equal(
      canonicalJson(value),
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('the sorting of section 3.2.3', () => {
    const value = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    };
    const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(order, [
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  for (const [bits, text] of NUMBERS) {
    test(`the number ${bits} is ${text}`, () => {
      assert.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text);
    });
  }

  test('what JSON cannot say is refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 'a\ud800', {'\udc00': 1}, ['\ud800\ud800']]) {
      assert.throws(() => canonicalJson(value), TypeError);
    }
    assert.equal(canonicalJson('\\ud800 and 😀'), '"\\\\ud800 and 😀"');
  });

  test('any value is written as a writer that follows the RFC word for word writes it', () => {
    const many = fc.dictionary(fc.string({unit: 'binary'}), fc.integer(), {minKeys: 20, maxKeys: 40});
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue({noUnicodeString: false}), fc.double(), many), value => {
        const plain = JSON.parse(JSON.stringify(value));
        assert.equal(canonicalJson(plain), naiveJson(plain));
      }),
      {numRuns: 3_000},
    );
  });

  test('any value reads back as itself, and its order of properties does not count', () => {
    fc.assert(
      fc.property(fc.jsonValue({noUnicodeString: false}), value => {
        const plain = JSON.parse(JSON.stringify(value));
        const text = canonicalJson(plain);
        assert.deepEqual(JSON.parse(text), plain);
        assert.equal(canonicalJson(JSON.parse(text)), text);
      }),
      {numRuns: 1_000},
    );
  });
});
