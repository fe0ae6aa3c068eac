import {createHash} from 'node:crypto';
import {Readable} from 'node:stream';

/**
 * A body that is counted and hashed on its way into a store, and that remembers whether it was the
 * body that failed: only then is the error the caller's own.
 */
export class MeasuredBody {
  /** Bytes that went through so far. */
  bytes = 0;
  /** True once the body has ended without an error. */
  complete = false;
  /** The body's own error, boxed, because a body may throw anything. */
  failure: {readonly error: unknown} | undefined;
  readonly #hash = createHash('sha256');

  constructor(private readonly source: AsyncIterable<Uint8Array>) {}

  /** The chunks of the body; to be read once. */
  async *chunks(): AsyncGenerator<Buffer> {
    let withConsumer = false;
    try {
      for await (const chunk of this.source) {
        if (chunk.byteLength === 0) continue;
        this.#hash.update(chunk);
        this.bytes += chunk.byteLength;
        withConsumer = true;
        yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        withConsumer = false;
      }
      this.complete = true;
    } catch (error) {
      if (!withConsumer) this.failure = {error};
      throw error;
    }
  }

  /** SHA-256 of a complete body in hexadecimal; to be asked once. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  /** Closes a body of which nothing, or not all, was read. */
  async discard(): Promise<void> {
    if (this.complete || this.failure !== undefined) return;
    if (this.source instanceof Readable) this.source.destroy();
    else await this.source[Symbol.asyncIterator]().return?.();
  }
}
