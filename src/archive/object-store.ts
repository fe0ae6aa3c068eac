import type {Readable} from 'node:stream';

/** What is said of an object beside its bytes. */
export interface PutOptions {
  /** Media type (RFC 9110), such as `application/gzip`. */
  readonly contentType: string;
  /** Notes for people who look into the store; a store without a place for them drops them. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The receipt of a put. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** SHA-256 of the bytes that were sent, in lower-case hexadecimal. */
  readonly sha256: string;
  /** The version the store gave the object, where it keeps versions. */
  readonly version?: string;
}

/** What a store knows of an object without reading it. */
export interface ObjectHead {
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Where archives, results and exports are kept: a flat space of immutable objects.
 *
 * Keys follow `assertObjectKey`; every operation MUST refuse another key with INVALID_PARAMETER.
 * A key MUST NOT continue another one (`a` and `a/b`): a store MAY refuse that.
 *
 * Every fault of the store itself is an AuditError STORE_FAILED, or STORE_REFUSED where trying again is of no use, whose sentence MUST NOT carry a
 * secret or a path of the host. Memory MUST stay flat in the size of an object.
 */
export interface ObjectStore {
  /**
   * Stores a body under a new key.
   *
   * MUST NOT overwrite: OBJECT_EXISTS when the key is taken, and of concurrent puts of one key exactly
   * one succeeds. MUST be all or nothing: until the body has ended and is durable no reader sees the
   * object, and after a failure nothing of it stays. An error of the body is thrown as it is. The body
   * is consumed or closed in every case.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>;

  /**
   * The bytes of an object, in order, read no faster than they are consumed. OBJECT_NOT_FOUND when
   * there is none. A fault while reading, a body cut short included, MUST reach the consumer as the
   * stream's error. Destroying the stream MUST release what it holds.
   */
  get(key: string): Promise<Readable>;

  /** Size and time of an object, or undefined when there is none. */
  head(key: string): Promise<ObjectHead | undefined>;

  /** Every object whose key begins with the prefix, in no promised order, a page at a time. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** Removes an object for good; a missing one is no error. */
  delete(key: string): Promise<void>;

  /** Resolves when the store can be reached and used; STORE_FAILED or STORE_REFUSED otherwise, within seconds. */
  check(): Promise<void>;

  /** Releases connections. The store MUST NOT be used afterwards. */
  close?(): Promise<void>;
}
