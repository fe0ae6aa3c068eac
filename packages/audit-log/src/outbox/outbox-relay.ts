import {setTimeout as sleep} from 'node:timers/promises';
import type {juggler} from '@loopback/repository';
import type {SinkEntry} from '../sinks/audit-sink';
import {restOf} from '../sinks/failure';
import {
  OUTBOX_CHANNEL,
  OUTBOX_COLUMNS,
  OUTBOX_TABLE,
  type OutboxRow,
  outboxEntry,
  REJECTED_TABLE,
  RELAY_TABLE,
} from './outbox-table';
import {type PgClient, type PgPool, poolOf} from './postgres';

/** An entry on its way out of the outbox. */
export interface Relayed {
  position: string;
  entry: SinkEntry;
}

/** An entry that will never be accepted, and why. */
export interface Rejected extends Relayed {
  reason: string;
}

/**
 * Takes entries out of the outbox's transaction to where they belong. What it does by `client` is committed
 * together with their removal. MUST throw where it should be tried again, and MUST answer the entries that no
 * trying will help; those are laid aside.
 */
export type Forward = (entries: readonly Relayed[], client: PgClient) => Promise<readonly Rejected[]>;

export interface OutboxRelayOptions {
  dataSource: juggler.DataSource;
  forward: Forward;
  /** Entries of one transaction at most. */
  batchSize?: number;
  /** How often to look while entries come, in milliseconds. */
  pollMs?: number;
  /** How often to look, without having been woken, while none come, in milliseconds. */
  sleepMs?: number;
  /** Longest pause after failures, in milliseconds. */
  maxPauseMs?: number;
  /** Told of a failure that will be tried again. */
  onError?: (error: unknown) => void;
  /** Told of entries that were laid aside, once they are. */
  onRejected?: (rejected: readonly Rejected[]) => void;
}

/** Only one relay of a database moves entries at a time, so that their order is kept. */
const RELAY_LOCK = 4_027_118_333;
/** Looks without an entry after which the relay says that it sleeps. */
const QUIET_LOOKS = 25;

/**
 * Moves entries from the outbox of a datasource to where they belong, in the order in which they were put in.
 * Any number of processes may run one: they take turns.
 *
 * While entries come it looks often, and commits need not tell of themselves; when none have come for a while
 * it says that it sleeps, and the next commit wakes it by NOTIFY.
 */
export class OutboxRelay {
  private readonly stopping = new AbortController();
  private woken = new AbortController();
  private asleep: boolean | undefined;
  private running: Promise<unknown> | undefined;

  constructor(private readonly options: OutboxRelayOptions) {}

  start(): void {
    this.running = Promise.all([this.listen(), this.relayAll()]);
  }

  /** Ends the batch under way, and leaves the rest. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.woken.abort();
    await this.running;
    // Whoever relays next is to be woken.
    await this.sayAsleep(true).catch(() => {});
  }

  private async relayAll(): Promise<void> {
    const {batchSize = 500, pollMs = 40, sleepMs = 80, maxPauseMs = 10_000, onError} = this.options;
    let failures = 0;
    let quiet = 0;
    while (!this.stopping.signal.aborted) {
      try {
        const moved = quiet > 0 && !(await this.isFilled()) ? 0 : await this.relayBatch(batchSize);
        failures = 0;
        quiet = moved > 0 ? 0 : quiet + 1;
        if (moved > 0 || quiet >= QUIET_LOOKS) await this.sayAsleep(moved === 0);
        // Commits that were under way when it said so have not heard of it: it looks on for as long again.
        if (moved < batchSize) await this.idle(quiet > 2 * QUIET_LOOKS ? sleepMs : pollMs);
      } catch (error) {
        onError?.(error);
        failures += 1;
        await this.rest(Math.max(Math.min(50 * 2 ** failures, maxPauseMs), restOf(error)));
      }
    }
  }

  private async sayAsleep(asleep: boolean): Promise<void> {
    if (asleep === this.asleep) return;
    const client = await (await this.pool()).connect();
    try {
      await client.query(`UPDATE ${RELAY_TABLE} SET asleep = $1 WHERE asleep <> $1`, [asleep]);
      this.asleep = asleep;
    } finally {
      client.release();
    }
  }

  /** Whether there is anything to move; the cheapest question, for it is asked when there is little to do. */
  private async isFilled(): Promise<boolean> {
    const client = await (await this.pool()).connect();
    try {
      const {rows} = await client.query(`SELECT FROM ${OUTBOX_TABLE} LIMIT 1`);
      return rows.length > 0;
    } finally {
      client.release();
    }
  }

  private async relayBatch(batchSize: number): Promise<number> {
    const client = await (await this.pool()).connect();
    let broken: Error | undefined;
    client.on('error', error => {
      broken = error as Error;
    });
    try {
      await client.query('BEGIN');
      const lock = await client.query('SELECT pg_try_advisory_xact_lock($1) AS held', [RELAY_LOCK]);
      const entries = lock.rows[0]?.held ? await this.take(client, batchSize) : [];
      const rejected = entries.length > 0 ? await this.options.forward(entries, client) : [];
      await this.layAside(client, rejected);
      await client.query('COMMIT');
      if (rejected.length > 0) this.options.onRejected?.(rejected);
      return entries.length;
    } catch (error) {
      await client.query('ROLLBACK').catch(fault => {
        broken = fault;
      });
      throw error;
    } finally {
      client.removeAllListeners('error');
      client.release(broken);
    }
  }

  private async take(client: PgClient, batchSize: number): Promise<Relayed[]> {
    const {rows} = await client.query(
      `DELETE FROM ${OUTBOX_TABLE} WHERE position IN
         (SELECT position FROM ${OUTBOX_TABLE} ORDER BY position LIMIT $1)
       RETURNING position, ${OUTBOX_COLUMNS}`,
      [batchSize],
    );
    const taken = rows as unknown as (OutboxRow & {position: string})[];
    return taken
      .map(row => ({position: row.position, entry: outboxEntry(row)}))
      .sort((a, b) => Number(BigInt(a.position) - BigInt(b.position)));
  }

  private async layAside(client: PgClient, rejected: readonly Rejected[]): Promise<void> {
    for (const {position, entry, reason} of rejected) {
      await client.query(`INSERT INTO ${REJECTED_TABLE} (position, entry, reason) VALUES ($1, $2, $3)`, [
        position,
        JSON.stringify(entry),
        reason,
      ]);
    }
  }

  /** Holds a connection that hears of commits, and gets another when it breaks. */
  private async listen(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        const client = await (await this.pool()).connect();
        await this.hear(client);
      } catch (error) {
        this.options.onError?.(error);
        await this.rest(1_000);
      }
    }
  }

  private async hear(client: PgClient): Promise<void> {
    try {
      await new Promise<void>((ended, failed) => {
        client.on('error', failed);
        client.on('end', () => ended());
        client.on('notification', () => this.woken.abort());
        this.stopping.signal.addEventListener('abort', () => ended(), {once: true});
        client.query(`LISTEN ${OUTBOX_CHANNEL}`).catch(failed);
        if (this.stopping.signal.aborted) ended();
      });
    } finally {
      // The connection listens for as long as it lives: it does not go back to the pool.
      client.release(true);
    }
  }

  private async idle(ms: number): Promise<void> {
    await sleep(ms, undefined, {signal: this.woken.signal}).catch(() => {});
    if (this.woken.signal.aborted && !this.stopping.signal.aborted) this.woken = new AbortController();
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, {signal: this.stopping.signal}).catch(() => {});
  }

  private pool(): Promise<PgPool> {
    return poolOf(this.options.dataSource);
  }
}
