import {TextDecoder} from 'node:util';

const LINE_FEED = 0x0a;

/** A line of a file, its number from 1; without text where it is not UTF-8 or too long to be read. */
export interface ByteLine {
  readonly number: number;
  readonly text: string | undefined;
}

/** Splits bytes at LF and decodes each line by itself, so that one bad line spoils no other. */
export async function* byteLines(
  input: AsyncIterable<Uint8Array>,
  maxBytes = 16 * 1024 * 1024,
): AsyncGenerator<ByteLine> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  const line = (): ByteLine => {
    const text = length <= maxBytes ? decoded(Buffer.concat(parts)) : undefined;
    parts = [];
    length = 0;
    number++;
    return {number, text: number === 1 ? text?.replace(/^\ufeff/, '') : text};
  };
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, end));
      yield line();
      from = end + 1;
    }
    take(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    return undefined;
  }
}
