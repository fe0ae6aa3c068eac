import type {ClientBase} from 'pg';
import {Flight, type Statement} from './flight';

/** What a transaction may do; see the first migration. */
export type Role = 'audit_reader' | 'audit_writer';

/** A transaction under way, in one role and for one tenant. */
export class Session {
  private deferred: Statement[] = [];
  private isSent = false;

  constructor(private readonly client: ClientBase) {}

  /**
   * Runs one statement and answers its rows as arrays.
   *
   * @param name of a statement that is run again and again: each connection prepares it once
   */
  async rows(text: string, values: readonly unknown[] = [], name?: string): Promise<unknown[][]> {
    return this.send({text, values, name}).rows;
  }

  /**
   * Runs a statement whose answer nobody waits for: it goes with the next one that is waited for, at the latest with
   * COMMIT. Where it fails, so does that one.
   */
  defer(statement: Statement): void {
    this.deferred.push(statement);
  }

  /** Takes on another role for what follows in the same transaction. */
  become(role: Role): void {
    this.defer({text: `SET LOCAL ROLE ${role}`});
  }

  /** Waits for what was deferred. */
  async flush(): Promise<void> {
    const [last, ...before] = this.deferred.splice(0).reverse();
    if (!last) return;
    this.deferred = before.reverse();
    await this.send(last).rows;
  }

  /** Ends the transaction; where nothing of it was sent there is nothing to roll back. */
  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    if (how === 'ROLLBACK') {
      this.deferred = [];
      if (!this.isSent) return;
    }
    const flight = this.send({text: how});
    await flight.rows;
    // PostgreSQL ends a transaction that has failed by rolling it back, whatever it is asked to do.
    if (flight.tag !== how) throw new Error(`The transaction ended with ${flight.tag}.`);
  }

  private send(statement: Statement): Flight {
    this.isSent = true;
    const flight = new Flight([...this.deferred.splice(0), statement]);
    this.client.query(flight);
    return flight;
  }
}
