import {finished} from 'node:stream/promises';
import type {ClientBase, Pool, PoolClient, QueryArrayResult} from 'pg';
import {from as copyFrom} from 'pg-copy-streams';
import {databaseError, isDatabaseError} from './database-error';
import {Growth} from './growth';
import {Precedence} from './precedence';
import {ENTRY_TYPES} from './result-types';

/** What a transaction may do; see the first migration. */
export type Role = 'audit_reader' | 'audit_writer';

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

/** A transaction under way, in one role and for one tenant. */
export class Session {
  constructor(
    private readonly client: ClientBase,
    /** Process id of the backend, for {@link Database.cancel}. */
    readonly backend: number,
  ) {}

  /**
   * Runs one statement and answers its rows as arrays.
   *
   * @param name of a statement that is run again and again: each connection prepares it once
   */
  async rows(text: string, values: readonly unknown[] = [], name?: string): Promise<unknown[][]> {
    const result: QueryArrayResult<unknown[]> = await this.client.query({
      ...(name !== undefined && {name}),
      text,
      values: [...values],
      rowMode: 'array',
      types: ENTRY_TYPES,
    });
    return result.rows;
  }

  /**
   * Stores rows by COPY.
   *
   * @param text the rows in the text format of COPY
   */
  async copyIn(statement: string, text: string): Promise<void> {
    const copy = this.client.query(copyFrom(statement));
    copy.end(text);
    await finished(copy);
  }

  /** Takes on another role for what follows in the same transaction. */
  async become(role: Role): Promise<void> {
    await this.client.query(`SET LOCAL ROLE ${role}`);
  }
}

/** Settings of one transaction: each is what SET LOCAL would make it. */
const ENTER = `SELECT set_config('search_path', $1, true), set_config('timezone', 'UTC', true),
  set_config('datestyle', 'ISO', true), set_config('bytea_output', 'hex', true),
  set_config('statement_timeout', $2, true), set_config('role', $3, true),
  set_config('audit.tenant_id', $4, true), pg_backend_pid() AS backend`;

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
    const cancel = () => {
      cancelled = this.cancel(transaction.session.backend).catch(() => {});
    };
    signal?.addEventListener('abort', cancel, {once: true});
    try {
      signal?.throwIfAborted();
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
      session.rows('SELECT FROM audit_logs LIMIT 1'),
    );
  }

  /** Ends the statement that another session is busy with, which then fails with QUERY_TIMEOUT. */
  async cancel(backend: number): Promise<void> {
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
    let open = true;
    const end = async (how: 'COMMIT' | 'ROLLBACK') => {
      if (!open) return;
      open = false;
      try {
        await client.query(how);
      } catch (error) {
        onError(error as Error);
        if (how === 'COMMIT') throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    };
    try {
      return {session: await this.enter(client, options), end};
    } catch (error) {
      await end('ROLLBACK');
      throw isDatabaseError(error) ? databaseError(error) : error;
    }
  }

  private async enter(client: PoolClient, options: TransactionOptions): Promise<Session> {
    await client.query(`BEGIN ISOLATION LEVEL ${options.repeatable ? 'REPEATABLE READ' : 'READ COMMITTED'}`);
    return this.adopt(client, options);
  }

  /** A session in a transaction that somebody else has begun and will end. */
  async adopt(client: ClientBase, options: TransactionOptions): Promise<Session> {
    const {rows} = await client.query({
      name: 'audit-session',
      text: ENTER,
      values: [
        `${client.escapeIdentifier(this.schema)}, pg_temp`,
        String(Math.trunc(options.timeoutMs ?? 0)),
        options.role,
        options.tenantId,
      ],
    });
    return new Session(client, rows[0].backend);
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
