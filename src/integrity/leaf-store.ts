/** Keeps leaf hashes by their index, many more than memory holds. */
export interface LeafStore {
  /** Leaves that there is room for. */
  readonly most: number;
  /** The hash at an index; undefined where none was put there. What is answered holds until the next call. */
  get(index: number): Buffer | undefined;
  put(index: number, leaf: Buffer): void;
  /** The first `size` hashes in order; each holds for good. An index without one yields undefined. */
  inOrder(size: number): Iterable<Buffer | undefined>;
}
