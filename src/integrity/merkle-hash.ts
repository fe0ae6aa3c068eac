import {sha256} from './sha256';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** Hashes of the longest path from a leaf to the root, in a tree whose size is a safe integer. */
export const LONGEST_PATH = 53;

/** The root of the tree that has no leaf (RFC 6962, section 2.1). */
export const EMPTY_ROOT = sha256('');

/** The hash of a leaf that holds `data` (RFC 6962, section 2.1). A text is taken in UTF-8, in which U+0000 is a byte 0. */
export const hashLeaf = (data: Uint8Array | string): Buffer =>
  sha256(typeof data === 'string' ? `\0${data}` : Buffer.concat([Buffer.of(0), data]));

const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The hash of the node above two others (RFC 6962, section 2.1). */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}
