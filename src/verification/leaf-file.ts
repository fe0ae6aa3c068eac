import {closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {LeafStore} from '../integrity/leaf-store';
import {HASH_BYTES} from '../integrity/merkle-hash';

/** Leaves of a page, which is read and written as one. */
const PAGE = 2_048;
/** Pages that are held: 8 MiB. */
const HELD = 128;
const NONE = Buffer.alloc(HASH_BYTES);

interface Page {
  bytes: Buffer;
  changed: boolean;
}

/** Leaf hashes in a temporary file, each at its index. The file is gone when the process is, however it ends. */
export class LeafFile implements LeafStore {
  /** A file of 128 GiB. */
  readonly most = 2 ** 32;
  private readonly file: number;
  private readonly pages = new Map<number, Page>();

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'audit-verify-'));
    this.file = openSync(join(folder, 'leaves'), 'w+');
    rmSync(folder, {recursive: true});
  }

  get(index: number): Buffer | undefined {
    const leaf = this.at(index, this.page(index));
    return leaf.equals(NONE) ? undefined : leaf;
  }

  put(index: number, leaf: Buffer): void {
    const page = this.page(index);
    page.bytes.set(leaf, (index % PAGE) * HASH_BYTES);
    page.changed = true;
  }

  *inOrder(size: number): Generator<Buffer | undefined> {
    let bytes = Buffer.alloc(0);
    for (let index = 0; index < size; index++) {
      if (index % PAGE === 0) bytes = Buffer.from(this.page(index).bytes);
      const leaf = bytes.subarray((index % PAGE) * HASH_BYTES, ((index % PAGE) + 1) * HASH_BYTES);
      yield leaf.equals(NONE) ? undefined : leaf;
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private at(index: number, {bytes}: Page): Buffer {
    return bytes.subarray((index % PAGE) * HASH_BYTES, ((index % PAGE) + 1) * HASH_BYTES);
  }

  private page(index: number): Page {
    const number = Math.floor(index / PAGE);
    const held = this.pages.get(number);
    if (held) return held;
    for (const [oldest, page] of this.pages) {
      if (this.pages.size < HELD) break;
      this.pages.delete(oldest);
      if (page.changed) writeSync(this.file, page.bytes, 0, page.bytes.length, offsetOf(oldest));
    }
    const bytes = Buffer.alloc(PAGE * HASH_BYTES);
    readSync(this.file, bytes, 0, bytes.length, offsetOf(number));
    const page = {bytes, changed: false};
    this.pages.set(number, page);
    return page;
  }
}

const offsetOf = (page: number): number => page * PAGE * HASH_BYTES;
