import type {juggler, Transaction} from '@loopback/repository';
import type {NewAuditEntry} from '../entry';
import type {Delivery} from './delivery';

/** An entry that is complete but for what the service gives. */
export type SinkEntry = NewAuditEntry & {id: string; actedAt: string; actor: string};

/** The change that entries tell of, while it is under way. */
export interface SinkScope {
  /** Of the entities. */
  dataSource?: juggler.DataSource;
  /** In which they are changed; absent where the datasource has none. */
  transaction?: Transaction;
}

/**
 * Where entries go.
 *
 * MUST NOT resolve before the entries are as safe as the sink promises, and MUST reject where it cannot keep
 * that promise: the change is then rolled back. MUST NOT throw but by its promise. MUST accept an entry whose id
 * it has had before, and keep it once. An entry that no trying will help SHOULD be refused by an error with a
 * `statusCode` of 400 to 499 (not 401, 403, 404 and others that tell of the caller or the moment): relays and
 * journals then lay it aside. An error MAY say by `retryAfterMs` how long to wait before the next attempt.
 */
export interface AuditSink {
  /** How surely entries follow their changes where nothing else is said; `required` where it is left out. */
  readonly delivery?: Delivery;
  /** The deliveries whose promise it can keep; `required`, `background` and its own where it is left out. */
  readonly deliveries?: readonly Delivery[];
  /** Whether what it is given in this scope is committed, and rolled back, with the transaction of the change. */
  joins?(scope: SinkScope): boolean | Promise<boolean>;
  deliver(entries: readonly SinkEntry[], scope: SinkScope): Promise<void>;
}
