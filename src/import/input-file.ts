import {createReadStream} from 'node:fs';
import {pipeline, Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';

/** A file that is being read, unzipped if need be. */
export interface InputFile {
  /** The first bytes, which `bytes` yields again. */
  readonly head: Uint8Array;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Lets go of the file; needed only when `bytes` is not read to its end. */
  close(): Promise<void>;
}

/**
 * Opens a file, and unzips it when its first bytes say gzip (RFC 1952), whatever its name.
 * `onRead` is told the bytes of the file that were read, before unzipping.
 * @throws what the file system throws; `bytes` throws it too, and what is wrong with a zipped file.
 */
export const openInput = (path: string, onRead: (bytes: number) => void = () => {}): Promise<InputFile> =>
  openBytes(createReadStream(path), onRead);

/** As {@link openInput}, from bytes that come from elsewhere. */
export async function openBytes(
  source: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => void = () => {},
): Promise<InputFile> {
  const raw = await peeked(counted(source, onRead));
  const zipped = raw.head[0] === 0x1f && raw.head[1] === 0x8b;
  return zipped ? peeked(pipeline(Readable.from(raw.bytes), createGunzip(), () => {})) : raw;
}

async function* counted(bytes: AsyncIterable<Uint8Array>, onRead: (bytes: number) => void) {
  for await (const chunk of bytes) {
    onRead(chunk.length);
    yield chunk;
  }
}

async function peeked(source: AsyncIterable<Uint8Array>): Promise<InputFile> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done ? new Uint8Array() : first.value;
  return {
    head,
    bytes: resumed(head, iterator),
    close: async () => {
      await iterator.return?.();
    },
  };
}

async function* resumed(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
