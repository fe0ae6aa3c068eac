import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import fc from 'fast-check';
import {decodeCell, decodeText, encodeCell} from '../../dist/export/csv-cell';

describe('encodeCell', () => {
  it('tells absent from empty', () => {
    assert.equal(encodeCell(undefined), '');
    assert.equal(encodeCell(null), '');
    assert.equal(encodeCell(''), "'");
  });

  it('defuses what a spreadsheet would run', () => {
    for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'text"]) {
      assert.equal(encodeCell(text), `'${text}`);
    }
    assert.equal(encodeCell('a=1'), 'a=1');
  });

  it('writes lists, objects, numbers and dates as text', () => {
    assert.equal(encodeCell({a: [1, null]}), '{"a":[1,null]}');
    assert.equal(encodeCell(['x']), '["x"]');
    assert.equal(encodeCell(42), '42');
    assert.equal(encodeCell(true), 'true');
    assert.equal(encodeCell(new Date(0)), '1970-01-01T00:00:00.000Z');
  });

  it('is undone by decodeText for every text', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), text => assert.equal(decodeText(encodeCell(text)), text)),
    );
  });
});

describe('decodeCell', () => {
  it('refuses a cell that is not of its kind', () => {
    for (const [cell, kind] of [
      ['{', 'json'],
      ['{"a":1}', 'textArray'],
      ['[1]', 'textArray'],
      ['1.5', 'bigint'],
      ['9007199254740993', 'bigint'],
      ['0x10', 'bigint'],
    ] as const) {
      assert.throws(() => decodeCell(cell, kind), {code: 'INVALID_FILE'});
    }
  });
});
