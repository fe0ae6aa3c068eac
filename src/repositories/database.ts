import type {ClientBase, Pool, PoolClient} from 'pg';
import {databaseError, isDatabaseError} from './database-error';
import type {Statement} from './flight';
import {Growth} from './growth';
import {Precedence} from './precedence';
import {type Role, Session} from './session';

export type {Role, Session};

export interface TransactionOptions {
  role: Role;
  /** The tenant whose rows the database lets through. */
  tenantId: string;
  /** Longest time a single statement may take, in milliseconds; 0 is no limit. */
  timeoutMs?: number;
  /** One snapshot for every statement of the transaction. */
  repeatable?: boolean;
  /** Long work that nobody waits for: it gives way to other transactions, and none gives way to it. */
  background?: boolean;
}

/**
 * Settings of one transaction: each is what SET LOCAL would make it. What is looked up through an index is taken to cost
 * what it costs on today's disks, and a page is not worth the start of further processes.
 */
const ENTER = `SELECT set_config('search_path', $1, true), set_config('timezone', 'UTC', true),
  set_config('random_page_cost', '1.1', true), set_config('max_parallel_workers_per_gather', '0', true),
  set_config('datestyle', 'ISO', true), set_config('bytea_output', 'hex', true),
  set_config('statement_timeout', $2, true), set_config('role', $3, true),
  set_config('audit.tenant_id', $4, true)`;

interface Transaction {
  session: Session;
  /** Ends the transaction and gives the connection back; does nothing when it has ended. */
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>;
}

/**
 * The PostgreSQL that holds the trail. Every statement runs in a transaction that has put off the rights
 * of the login for those of one role, and has named the one tenant whose rows it may see.
 */
export class Database {
  /** Transactions go first, streams and background work stand back. */
  readonly precedence = new Precedence();
  /** Tells which trees grow. */
  readonly growth = new Growth();

  /**
   * @param pool connections of a login that is a member of `audit_reader` and `audit_writer`
   * @param schema the schema that was migrated
   */
  constructor(
    private readonly pool: () => Promise<Pool>,
    private readonly schema: string = 'public',
  ) {}

  /**
   * Runs `work` in a transaction, commits what it did and answers what it returned.
   *
   * @throws AuditError DATABASE_UNAVAILABLE, QUERY_TIMEOUT, or what `work` throws; nothing is stored then
   */
  async transaction<T>(options: TransactionOptions, work: (session: Session) => Promise<T>): Promise<T> {
    const run = () => this.run(options, work);
    return options.background ? run() : this.precedence.first(run);
  }

  private async run<T>(options: TransactionOptions, work: (session: Session) => Promise<T>): Promise<T> {
    const transaction = await this.begin(options);
    try {
      const result = await work(transaction.session);
      await transaction.end('COMMIT');
      return result;
    } catch (error) {
      throw isDatabaseError(error) ? databaseError(error) : error;
    } finally {
      await transaction.end('ROLLBACK');
    }
  }

  /**
   * Streams what `generate` yields from a transaction that lives exactly as long as it is consumed.
   * `signal` cancels the statement under way; the stream then ends with an error.
   */
  async *stream<T>(
    options: TransactionOptions,
    generate: (session: Session) => AsyncIterable<T>,
    signal?: AbortSignal,
  ): AsyncGenerator<T> {
    const transaction = await this.begin(options);
    let cancelled: Promise<void> | undefined;
    let backend: unknown;
    const cancel = () => {
      cancelled = this.cancel(backend).catch(() => {});
    };
    try {
      backend = (await transaction.session.rows('SELECT pg_backend_pid()'))[0]?.[0];
      signal?.throwIfAborted();
      signal?.addEventListener('abort', cancel, {once: true});
      yield* this.precedence.pace(generate(transaction.session));
      await transaction.end('COMMIT');
    } catch (error) {
      throw isDatabaseError(error) ? databaseError(error) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      // Until then the connection is ours, so that no other statement is cancelled in place of this one.
      await cancelled;
      await transaction.end('ROLLBACK');
    }
  }

  /** Resolves when the trail can be read. @throws AuditError DATABASE_UNAVAILABLE */
  async check(): Promise<void> {
    await this.transaction({role: 'audit_reader', tenantId: '', timeoutMs: 2_000}, session =>
      session.rows('SELECT FROM audit_entries LIMIT 1'),
    );
  }

  /** Ends the statement that another session is busy with, which then fails with QUERY_TIMEOUT. */
  private async cancel(backend: unknown): Promise<void> {
    const client = await this.connect();
    try {
      await client.query('SELECT pg_cancel_backend($1)', [backend]);
    } finally {
      client.release();
    }
  }

  private async begin(options: TransactionOptions): Promise<Transaction> {
    const client = await this.connect();
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    const session = new Session(client);
    const isolation = options.repeatable ? 'REPEATABLE READ' : 'READ COMMITTED';
    session.defer({text: `BEGIN ISOLATION LEVEL ${isolation}`});
    session.defer(this.entering(client, options));
    let open = true;
    const end = async (how: 'COMMIT' | 'ROLLBACK') => {
      if (!open) return;
      open = false;
      try {
        await session.end(how);
      } catch (error) {
        onError(error as Error);
        if (how === 'COMMIT') throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    };
    return {session, end};
  }

  /** A session in a transaction that somebody else has begun and will end, once what is deferred in it was flushed. */
  adopt(client: ClientBase, options: TransactionOptions): Session {
    const session = new Session(client);
    session.defer(this.entering(client, options));
    return session;
  }

  private entering(client: ClientBase, {timeoutMs = 0, role, tenantId}: TransactionOptions): Statement {
    const searchPath = `${client.escapeIdentifier(this.schema)}, pg_temp`;
    const values = [searchPath, String(Math.trunc(timeoutMs)), role, tenantId];
    return {name: 'audit-session', text: ENTER, values};
  }

  private async connect(): Promise<PoolClient> {
    try {
      const client = await (await this.pool()).connect();
      // For good: PostgreSQL may end a connection at any time, also when nobody has it in hand any more.
      if (client.listenerCount('error') === 0) client.on('error', () => {});
      return client;
    } catch (error) {
      throw databaseError(error);
    }
  }
}
