import {Readable} from 'node:stream';

/** The bytes as a stream of chunks of the given sizes, taken in turn. */
export function chopped(bytes: Buffer, sizes: readonly number[]): Readable {
  let turn = 0;
  let at = 0;
  return new Readable({
    read() {
      const size = sizes[turn++ % sizes.length] ?? 1;
      this.push(at < bytes.length ? bytes.subarray(at, at + size) : null);
      at += size;
    },
  });
}
