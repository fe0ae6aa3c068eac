import type {Readable} from 'node:stream';
import type {
  ListedObject,
  ObjectHead,
  ObjectStore,
  PutOptions,
  StoredObject,
} from '../../dist/archive/object-store';

/** A store in which something happens at chosen moments; what it does not concern goes to the store within. */
export class HookedStore implements ObjectStore {
  /** Called when the first bytes of a body are there. */
  onFirstBytes: (key: string) => Promise<void> = async () => {};
  /** Called when an object is stored, before the writer hears of it. */
  onStored: (key: string) => Promise<void> = async () => {};
  /** Called before an object is read, with how many times it has been read before. */
  onRead: (key: string, before: number) => Promise<void> = async () => {};
  private readonly reads = new Map<string, number>();

  constructor(private readonly store: ObjectStore) {}

  async put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
    const stored = await this.store.put(key, this.watched(key, body), options);
    await this.onStored(key);
    return stored;
  }

  async get(key: string): Promise<Readable> {
    const before = this.reads.get(key) ?? 0;
    this.reads.set(key, before + 1);
    await this.onRead(key, before);
    return this.store.get(key);
  }

  /** The body again; closing it before its first bytes closes what is within, as a generator would not. */
  private watched(key: string, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let begun = false;
    return {
      [Symbol.asyncIterator]: () => {
        const within = body[Symbol.asyncIterator]();
        return {
          next: async () => {
            const result = await within.next();
            if (!begun) await this.onFirstBytes(key);
            begun = true;
            return result;
          },
          return: async () => (await within.return?.()) ?? {done: true, value: undefined},
        };
      },
    };
  }

  head = (key: string): Promise<ObjectHead | undefined> => this.store.head(key);
  list = (prefix: string): AsyncIterable<ListedObject> => this.store.list(prefix);
  delete = (key: string): Promise<void> => this.store.delete(key);
  check = (): Promise<void> => this.store.check();
}
