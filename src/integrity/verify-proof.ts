import {HASH_BYTES, hashNode, LONGEST_PATH} from './merkle-hash';

/**
 * The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2): the leaf is in the tree if that is its
 * root. Undefined where the proof is none for this place and size.
 */
export function rootFromInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
): Buffer | undefined {
  if (!isTree(size, proof) || !Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let hash: Buffer = Buffer.from(leafHash);
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? hash : undefined;
}

/** Whether a proof shows that the first of two trees is the beginning of the second (RFC 9162, section 2.1.4.2). */
export function isConsistent(
  from: {size: number; root: Uint8Array},
  to: {size: number; root: Uint8Array},
  proof: readonly Uint8Array[],
): boolean {
  if (!isTree(to.size, proof) || !Number.isSafeInteger(from.size) || from.size < 0) return false;
  if (from.size > to.size) return false;
  if (from.size === 0) return proof.length === 0;
  if (from.size === to.size) return proof.length === 0 && same(from.root, to.root);
  // A perfect tree is a node of the larger one, and its root need not be told.
  const path = isPowerOfTwo(from.size) ? [from.root, ...proof] : proof;
  let node = from.size - 1;
  let last = to.size - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  const [seed, ...rest] = path;
  if (!seed) return false;
  let oldRoot: Buffer = Buffer.from(seed);
  let newRoot: Buffer = Buffer.from(seed);
  for (const hash of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldRoot = hashNode(hash, oldRoot);
      newRoot = hashNode(hash, newRoot);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newRoot = hashNode(newRoot, hash);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && same(oldRoot, from.root) && same(newRoot, to.root);
}

const isTree = (size: number, proof: readonly Uint8Array[]): boolean =>
  Number.isSafeInteger(size) &&
  size >= 0 &&
  proof.length <= LONGEST_PATH + 1 &&
  proof.every(hash => hash.length === HASH_BYTES);

const half = (value: number): number => Math.floor(value / 2);

function isPowerOfTwo(value: number): boolean {
  let power = 1;
  while (power < value) power *= 2;
  return power === value;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
