import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {parseTilePath, tilePath, widthOf} from '../../../dist/integrity/tile';

test('tiles have the paths of C2SP tlog-tiles', () => {
  assert.equal(tilePath({level: 0, index: 1_234_067, width: 256}), 'tile/0/x001/x234/067');
  assert.equal(tilePath({level: 2, index: 0, width: 17}), 'tile/2/000.p/17');
  assert.deepEqual(parseTilePath('tile/0/x001/x234/067'), {level: 0, index: 1_234_067, width: 256});
});

test('a tree of 70,000 leaves has the tiles that the specification counts', () => {
  const widths = (level: number, last: number) => widthOf({level, index: last}, 70_000);
  assert.deepEqual([widths(0, 272), widths(0, 273), widths(0, 274)], [256, 112, 0]);
  assert.deepEqual([widths(1, 0), widths(1, 1), widths(2, 0)], [256, 17, 1]);
  assert.deepEqual([widthOf({level: 0, index: 0}, 256), widthOf({level: 1, index: 0}, 256)], [256, 1]);
});

test('a path reads back as the tile it is of, and is the only one of it', () => {
  fc.assert(
    fc.property(fc.nat(63), fc.maxSafeNat(), fc.integer({min: 1, max: 256}), (level, index, width) => {
      assert.deepEqual(parseTilePath(tilePath({level, index, width})), {level, index, width});
    }),
  );
  for (const path of [
    'tile/00/000',
    'tile/64/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001/x002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/../000',
    'tile/-1/000',
  ]) {
    assert.equal(parseTilePath(path), undefined, path);
  }
});
