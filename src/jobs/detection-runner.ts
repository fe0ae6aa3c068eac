import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import type {Detector} from '../detection/detector';
import type {Database} from '../repositories/database';
import {undetectedTenants} from '../repositories/detection/progress-rows';
import type {AuditServiceOptions} from '../types';

export interface DetectionRunnerParts {
  database: Database;
  detector: Detector;
  logger: Logger;
}

/** Tenants that are looked at at the same time. */
const AT_ONCE = 2;

/**
 * Has the entries looked at that have come, each interval: those of this process, and those that a sweep finds. Several
 * processes may do so at once: of each tenant one has its turn.
 */
export class DetectionRunner implements LifeCycleObserver {
  private waiting = new Set<string>();
  private swept = Number.NEGATIVE_INFINITY;
  private readonly failing = new Set<string>();
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly parts: DetectionRunnerParts,
    private readonly options: AuditServiceOptions['detection'],
  ) {}

  start(): void {
    if (this.options.intervalMs === 0) return;
    this.parts.database.growth.hear(tenantId => this.waiting.add(tenantId));
    this.loop = this.run();
  }

  /** Ends, once the pages under way have been looked at. What is left is found again by whoever comes next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const {signal} = this.stopping;
    while (!signal.aborted) {
      await this.sweep();
      await this.round();
      await sleep(this.options.intervalMs, undefined, {signal}).catch(() => {});
    }
  }

  /** Finds tenants that other processes have made grow, or that were left behind. */
  private async sweep(): Promise<void> {
    if (performance.now() - this.swept < this.options.sweepMs) return;
    this.swept = performance.now();
    const {database, detector} = this.parts;
    const isDone = await this.attempt('', async () => {
      for (const tenantId of await undetectedTenants(database, detector.ruleIds)) this.waiting.add(tenantId);
    });
    if (!isDone) this.swept = Number.NEGATIVE_INFINITY;
  }

  private async round(): Promise<void> {
    const tenants = [...this.waiting];
    this.waiting = new Set();
    const looking = Array.from({length: AT_ONCE}, async () => {
      for (
        let next = tenants.pop();
        next !== undefined && !this.stopping.signal.aborted;
        next = tenants.pop()
      ) {
        await this.look(next);
      }
    });
    await Promise.all(looking);
  }

  private async look(tenantId: string): Promise<void> {
    const isDone = await this.attempt(tenantId, async () => {
      const done = await this.parts.detector.advance(tenantId, this.stopping.signal);
      if (done !== 'done') this.waiting.add(tenantId);
    });
    if (!isDone) this.waiting.add(tenantId);
  }

  /** Said once of each tenant, until it goes on. */
  private async attempt(tenantId: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (this.failing.delete(tenantId)) this.parts.logger.info({tenantId}, 'entries are looked at again');
      return true;
    } catch (error) {
      const {logger} = this.parts;
      if (!this.failing.has(tenantId)) logger.error({err: error, tenantId}, 'entries cannot be looked at');
      this.failing.add(tenantId);
      return false;
    }
  }
}
