import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {hashLeaf} from '../../../dist/integrity/merkle-hash';
import {rootOf} from '../../../dist/integrity/tree-head';
import {
  consistencyProof,
  inclusionProof,
  MissingTileError,
  rootFromTiles,
} from '../../../dist/integrity/tree-reader';
import {isConsistent, rootFromInclusion} from '../../../dist/integrity/verify-proof';
import {naiveConsistency, naivePath, naiveRoot} from './naive-tree';
import {GrownTree} from './tiles-of';

const hex = (hash: Uint8Array | undefined) => Buffer.from(hash ?? []).toString('hex');

/** The leaves and roots with which Certificate Transparency tests its trees. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = LEAVES.map(leaf => Buffer.from(leaf, 'hex'));
const numbered = (count: number) => Array.from({length: count}, (_, i) => Buffer.from(`leaf ${i}`));

describe('the Merkle tree of RFC 6962', () => {
  for (const [size, root] of ROOTS.entries()) {
    test(`has the published root at size ${size}`, async () => {
      const tree = new GrownTree().append(leaves.slice(0, size));
      assert.equal(hex(rootOf(tree.head)), root);
      assert.equal(hex(await rootFromTiles(size, tree.read)), root);
    });
  }

  test('has the paths and consistency proofs that the RFC defines, for every leaf and pair of sizes up to 8', async () => {
    const tree = new GrownTree().append(leaves);
    for (let size = 1; size <= 8; size++) {
      const some = leaves.slice(0, size);
      for (let index = 0; index < size; index++) {
        const path = await inclusionProof(index, size, tree.read);
        assert.deepEqual(path.map(hex), naivePath(index, some).map(hex));
        const root = rootFromInclusion(index, size, hashLeaf(leaves[index] as Buffer), path);
        assert.equal(hex(root), ROOTS[size]);
      }
      for (let from = 1; from <= size; from++) {
        const proof = await consistencyProof(from, size, tree.read);
        assert.deepEqual(proof.map(hex), naiveConsistency(from, some).map(hex));
      }
    }
  });

  test('grows in parts to the same tree, and its proofs verify, at random sizes', async () => {
    const parts = fc.array(fc.integer({min: 0, max: 700}), {minLength: 1, maxLength: 6});
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), fc.nat(), async (lengths, a, b) => {
        const tree = new GrownTree();
        for (const length of lengths)
          tree.append(numbered(length).map((_, i) => Buffer.from(`${tree.head.size + i}`)));
        const {size} = tree.head;
        fc.pre(size > 0);
        const all = numbered(size).map((_, i) => Buffer.from(`${i}`));
        const root = naiveRoot(all);
        assert.equal(hex(rootOf(tree.head)), hex(root));
        assert.equal(hex(await rootFromTiles(size, tree.read)), hex(root));
        const index = a % size;
        const path = await inclusionProof(index, size, tree.read);
        assert.deepEqual(path.map(hex), naivePath(index, all).map(hex));
        assert.equal(hex(rootFromInclusion(index, size, hashLeaf(all[index] as Buffer), path)), hex(root));
        const from = 1 + (b % size);
        const proof = await consistencyProof(from, size, tree.read);
        assert.deepEqual(proof.map(hex), naiveConsistency(from, all).map(hex));
        assert.ok(isConsistent({size: from, root: naiveRoot(all.slice(0, from))}, {size, root}, proof));
      }),
      {numRuns: 60},
    );
  });

  test('a proof that was changed anywhere proves nothing', async () => {
    const size = 1_000;
    const tree = new GrownTree().append(numbered(size));
    const root = rootOf(tree.head);
    const older = rootOf(new GrownTree().append(numbered(700)).head);
    const path = await inclusionProof(321, size, tree.read);
    const leaf = hashLeaf(Buffer.from('leaf 321'));
    const proof = await consistencyProof(700, size, tree.read);
    const proves = (index: number, of: number, hashes: readonly Buffer[]) =>
      hex(rootFromInclusion(index, of, leaf, hashes)) === hex(root);
    assert.ok(proves(321, size, path));
    assert.ok(isConsistent({size: 700, root: older}, {size, root}, proof));
    for (const [hashes, stands] of [
      [path, (changed: Buffer[]) => proves(321, size, changed)],
      [proof, (changed: Buffer[]) => isConsistent({size: 700, root: older}, {size, root}, changed)],
    ] as const) {
      for (let i = 0; i < hashes.length; i++) {
        const bent = Buffer.from(hashes[i] as Buffer);
        bent[i % 32] = (bent[i % 32] ?? 0) ^ 1;
        assert.ok(!stands(hashes.with(i, bent)), `hash ${i} bent`);
        assert.ok(!stands(hashes.toSpliced(i, 1)), `hash ${i} left out`);
        assert.ok(!stands(hashes.toSpliced(i, 0, bent)), `a hash added at ${i}`);
      }
      assert.ok(!stands([...hashes, root]), 'longer than the tree is high');
    }
    assert.ok(!proves(320, size, path) && !proves(321, 400, path));
    assert.ok(!isConsistent({size: 699, root: older}, {size, root}, proof));
    assert.ok(!isConsistent({size: 700, root}, {size, root}, proof));
  });

  test('whatever it is given, verifying ends with an answer', () => {
    const anything = fc.oneof(
      fc.nat(),
      fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, Number.MAX_SAFE_INTEGER),
    );
    const hash = fc.uint8Array({minLength: 31, maxLength: 33});
    fc.assert(
      fc.property(anything, anything, fc.array(hash, {maxLength: 60}), (a, b, hashes) => {
        const root = Buffer.alloc(32, 7);
        assert.notEqual(
          hex(rootFromInclusion(a, b, root, hashes)),
          hex(root) && a !== 0 ? hex(root) : 'never',
        );
        const answer = isConsistent({size: a, root: Buffer.alloc(32, 8)}, {size: b, root}, hashes);
        assert.equal(answer, a === 0 && Number.isSafeInteger(b) && b >= 0 && hashes.length === 0);
      }),
      {numRuns: 2_000},
    );
  });

  test('a proof in a tree of a million leaves reads few tiles', async () => {
    const size = 1_000_000;
    const tree = new GrownTree();
    for (let from = 0; from < size; from += 50_000) {
      tree.append(Array.from({length: 50_000}, (_, i) => Buffer.from(`${from + i}`)));
    }
    for (const index of [0, 65_535, 65_536, 524_287, 524_288, 983_039, 999_999]) {
      tree.reads = 0;
      const path = await inclusionProof(index, size, tree.read);
      assert.equal(
        hex(rootFromInclusion(index, size, hashLeaf(Buffer.from(`${index}`)), path)),
        hex(rootOf(tree.head)),
      );
      assert.ok(tree.reads <= 12, `${tree.reads} tiles`);
    }
  });

  test('a tile that is not there, or too narrow, is told', async () => {
    const tree = new GrownTree().append(numbered(600));
    tree.tiles.set('0/1', (tree.tiles.get('0/1') as Buffer).subarray(0, 255 * 32));
    await assert.rejects(inclusionProof(300, 600, tree.read), MissingTileError);
    await assert.rejects(inclusionProof(600, 600, tree.read), RangeError);
    await assert.rejects(consistencyProof(601, 600, tree.read), RangeError);
  });
});
