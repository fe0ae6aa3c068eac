import {hashNode} from './merkle-hash';
import {rootOf} from './tree-head';

/** The root of a tree whose leaves come one after the other: holds no more than a hash a level. */
export class RunningRoot {
  size = 0;
  private readonly frontier: Buffer[] = [];

  /** @param leaf the hash of the next leaf, which is kept */
  push(leaf: Buffer): void {
    let hash = leaf;
    // A node whose index is odd completes the pair above it.
    for (let index = this.size; index % 2 === 1; index = (index - 1) / 2) {
      hash = hashNode(this.frontier.pop() as Buffer, hash);
    }
    this.frontier.push(hash);
    this.size++;
  }

  get root(): Buffer {
    return rootOf({size: this.size, frontier: this.frontier});
  }
}
