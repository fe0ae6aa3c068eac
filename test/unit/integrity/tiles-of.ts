import {hashLeaf} from '../../../dist/integrity/merkle-hash';
import {append, EMPTY_TREE, type TreeHead} from '../../../dist/integrity/tree-head';
import type {ReadTiles} from '../../../dist/integrity/tree-reader';

/** A tree in memory, grown in parts of the given lengths, with its tiles and how many of them were read. */
export class GrownTree {
  head: TreeHead = EMPTY_TREE;
  readonly tiles = new Map<string, Buffer>();
  reads = 0;

  append(leaves: readonly Uint8Array[]): this {
    const {head, levels} = append(this.head, leaves.map(hashLeaf));
    for (const {level, start, hashes} of levels) {
      for (const [i, hash] of hashes.entries()) {
        const at = start + i;
        const key = `${level}/${Math.floor(at / 256)}`;
        const tile = this.tiles.get(key) ?? Buffer.alloc(0);
        if (tile.length !== (at % 256) * 32) throw new Error(`hash ${at} of level ${level} is out of turn`);
        this.tiles.set(key, Buffer.concat([tile, hash]));
      }
    }
    this.head = head;
    return this;
  }

  readonly read: ReadTiles = async spans => {
    this.reads += spans.length;
    return spans.map(({level, index}) => this.tiles.get(`${level}/${index}`) ?? Buffer.alloc(0));
  };
}
