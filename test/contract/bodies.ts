import {createHash, randomBytes} from 'node:crypto';

const BLOCK = randomBytes(1024 * 1024);

/** A body of a given size, made as it is read. */
export async function* bodyOf(bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= BLOCK.byteLength) {
    yield BLOCK.subarray(0, Math.min(left, BLOCK.byteLength));
  }
}

/** A body that fails after its first bytes. */
export async function* brokenBody(bytes: number, error: Error): AsyncGenerator<Buffer> {
  yield* bodyOf(bytes);
  throw error;
}

/** Length and SHA-256 of a stream, without keeping it. */
export async function digestOf(body: AsyncIterable<Buffer>): Promise<{bytes: number; sha256: string}> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return {bytes, sha256: hash.digest('hex')};
}
