import assert from 'node:assert/strict';
import {test} from 'node:test';
import {canonicalIp} from '../../dist/admission/check-property';

const FORMS: [text: string, canonical: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:0DB8:0:0::1', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::FFFF:A00:1', '10.0.0.1'],
  ['0:0:0:0:0:ffff:0a00:0001', '10.0.0.1'],
  ['::10.0.0.1', '::10.0.0.1'],
  ['::ffff:0:10.0.0.1', '::ffff:0:a00:1'],
  ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ['fe80::1%eth0', undefined],
  ['10.0.0.0/8', undefined],
  ['::ffff:10.0.0', undefined],
];

for (const [text, canonical] of FORMS) {
  test(`the address ${text} is kept as ${canonical ?? 'nothing'}`, () => {
    assert.equal(canonicalIp(text), canonical);
  });
}
