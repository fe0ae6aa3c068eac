import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import {countNext, uncountedTenants} from '../repositories/count-entries';
import type {Database} from '../repositories/database';

/**
 * Keeps the counts that summaries are made from. Several processes may do so at once: each tenant's entries are counted by
 * one of them. Summaries read what is not counted yet, so that they are exact however late this is.
 */
export class EntryCounter implements LifeCycleObserver {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private hasFailed = false;

  /** @param everyMs time between two rounds; 0 is never */
  constructor(
    private readonly database: Database,
    private readonly everyMs: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.everyMs > 0) this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const {signal} = this.stopping;
    while (!signal.aborted) {
      await this.round();
      await sleep(this.everyMs, undefined, {signal}).catch(() => {});
    }
  }

  private async round(): Promise<void> {
    try {
      for (const tenantId of await uncountedTenants(this.database)) {
        while (!this.stopping.signal.aborted && (await countNext(this.database, tenantId)) > 0);
      }
      this.hasFailed = false;
    } catch (error) {
      // Said once, until it goes on.
      if (!this.hasFailed) this.logger.warn({err: error}, 'cannot count entries for summaries');
      this.hasFailed = true;
    }
  }
}
