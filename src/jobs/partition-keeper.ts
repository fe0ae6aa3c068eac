import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import type {Database} from '../repositories/database';
import {preparePartitions, splitDefaultPartition} from '../repositories/partitions';

const HOUR_MS = 3_600_000;

/**
 * At the start and each hour: makes the partitions of the coming months before anybody needs them, and empties the default
 * partition of what came before its month had one. Any number of processes may do so; the database lets one at a time.
 */
export class PartitionKeeper implements LifeCycleObserver {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    private readonly everyMs: number = HOUR_MS,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const {signal} = this.stopping;
    while (!signal.aborted) {
      await this.round().catch(error => this.logger.warn({err: error}, 'cannot see to the partitions'));
      await sleep(this.everyMs, undefined, {signal}).catch(() => {});
    }
  }

  private async round(): Promise<void> {
    await preparePartitions(this.database);
    while (!this.stopping.signal.aborted) {
      const partition = await splitDefaultPartition(this.database);
      if (partition === undefined) return;
      this.logger.info({partition}, 'entries have left the default partition for that of their month');
    }
  }
}
