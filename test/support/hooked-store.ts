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
    const {onFirstBytes} = this;
    async function* watched() {
      let first = true;
      for await (const chunk of body) {
        if (first) await onFirstBytes(key);
        first = false;
        yield chunk;
      }
    }
    const stored = await this.store.put(key, watched(), options);
    await this.onStored(key);
    return stored;
  }

  async get(key: string): Promise<Readable> {
    const before = this.reads.get(key) ?? 0;
    this.reads.set(key, before + 1);
    await this.onRead(key, before);
    return this.store.get(key);
  }

  head = (key: string): Promise<ObjectHead | undefined> => this.store.head(key);
  list = (prefix: string): AsyncIterable<ListedObject> => this.store.list(prefix);
  delete = (key: string): Promise<void> => this.store.delete(key);
  check = (): Promise<void> => this.store.check();
}
