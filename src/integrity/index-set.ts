import type {LeafRange} from './findings';

/** Bits of a page. */
const PAGE_BITS = 1 << 16;

/** A set of leaf indexes: a bit each, in pages that come to be where a bit is set. */
export class IndexSet {
  size = 0;
  private readonly pages = new Map<number, Uint8Array>();
  private page: Uint8Array = new Uint8Array();
  private pageNumber = -1;

  /** Answers whether the index is new. */
  add(index: number): boolean {
    const page = this.open(index, true);
    const [byte, bit] = [(index % PAGE_BITS) >> 3, 1 << (index % 8)];
    const before = page[byte] as number;
    if ((before & bit) !== 0) return false;
    page[byte] = before | bit;
    this.size++;
    return true;
  }

  has(index: number): boolean {
    return ((this.open(index, false)[(index % PAGE_BITS) >> 3] ?? 0) & (1 << (index % 8))) !== 0;
  }

  /** The indexes that are set, as ranges, in order. */
  *ranges(): Generator<LeafRange> {
    let [first, last] = [-1, -2];
    for (const number of [...this.pages.keys()].sort((a, b) => a - b)) {
      const start = number * PAGE_BITS;
      for (let index = start; index < start + PAGE_BITS; index++) {
        if (!this.has(index)) continue;
        if (index !== last + 1) {
          if (first >= 0) yield [first, last];
          first = index;
        }
        last = index;
      }
    }
    if (first >= 0) yield [first, last];
  }

  /** The indexes below `size` that are not set, as ranges, in order. */
  *gaps(size: number): Generator<LeafRange> {
    let next = 0;
    for (const [first, last] of this.ranges()) {
      if (first >= size) break;
      if (first > next) yield [next, first - 1];
      next = last + 1;
    }
    if (next < size) yield [next, size - 1];
  }

  private open(index: number, make: boolean): Uint8Array {
    const number = Math.floor(index / PAGE_BITS);
    if (number === this.pageNumber) return this.page;
    let page = this.pages.get(number);
    if (!page) {
      if (!make) return new Uint8Array();
      page = new Uint8Array(PAGE_BITS / 8);
      this.pages.set(number, page);
    }
    this.page = page;
    this.pageNumber = number;
    return page;
  }
}
