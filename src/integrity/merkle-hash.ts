import {sha256} from './sha256';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** Hashes of the longest path from a leaf to the root, in a tree whose size is a safe integer. */
export const LONGEST_PATH = 53;

/** The root of the tree that has no leaf (RFC 6962, section 2.1). */
export const EMPTY_ROOT = sha256('');

const LEAF_PREFIX = Buffer.of(0);

/** The hash of a leaf that holds `data` (RFC 6962, section 2.1). */
export const hashLeaf = (data: Uint8Array): Buffer => sha256(Buffer.concat([LEAF_PREFIX, data]));

const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The hash of the node above two others (RFC 6962, section 2.1). */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}
