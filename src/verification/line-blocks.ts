/** Whole lines of a file. */
export interface LineBlock {
  /** Has its memory to itself, so that it can be handed to another thread. */
  bytes: Buffer<ArrayBuffer>;
  /** A line, longer than is read, that came before these: its number within the block is 1. */
  tooLong?: true;
}

/** Bytes of a block, about. */
const BLOCK = 256 << 10;
/** Longest line that is read, in bytes. */
const LONGEST = 16 << 20;
const LINE_FEED = 0x0a;

/** Cuts bytes into blocks of whole lines. A line beyond 16 MiB is a block without bytes that says so. */
export async function* lineBlocks(input: AsyncIterable<Uint8Array>): AsyncGenerator<LineBlock> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let skips = false;
  const take = (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
  };
  const block = (): LineBlock => {
    const bytes = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    parts = [];
    length = 0;
    return {bytes};
  };
  for await (let chunk of input) {
    if (skips) {
      const end = chunk.indexOf(LINE_FEED);
      if (end < 0) continue;
      chunk = chunk.subarray(end + 1);
      skips = false;
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0 && length + end >= BLOCK) {
      take(chunk.subarray(0, end));
      yield block();
      chunk = chunk.subarray(end);
    }
    if (chunk.length > 0) take(chunk);
    if (length <= LONGEST) continue;
    const {bytes} = block();
    const whole = bytes.lastIndexOf(LINE_FEED) + 1;
    if (whole > 0) yield {bytes: Buffer.from(new Uint8Array(bytes.subarray(0, whole)).buffer)};
    yield {bytes: Buffer.allocUnsafeSlow(0), tooLong: true};
    skips = true;
  }
  if (length > 0) yield block();
}
