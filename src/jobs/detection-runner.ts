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
 * Has the entries looked at that have come, each interval: those of this process, and those that a sweep finds. Tenants
 * take turns, and whoever is not through with one waits for the next behind all others. Several processes may do so at
 * once: of each tenant one has its turn.
 */
export class DetectionRunner implements LifeCycleObserver {
  /** Tenants that wait for the next interval. */
  private readonly coming = new Set<string>();
  /** Tenants in the order of their turns. */
  private readonly queue = new Set<string>();
  /** Tenants whose turn it is. */
  private readonly looking = new Set<string>();
  private readonly lanes = new Set<Promise<void>>();
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
    this.parts.database.growth.hear(tenantId => this.coming.add(tenantId));
    this.loop = this.run();
  }

  /** Ends, once the pages under way have been looked at. What is left is found again by whoever comes next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    await Promise.all(this.lanes);
  }

  private async run(): Promise<void> {
    const {signal} = this.stopping;
    while (!signal.aborted) {
      await this.sweep();
      for (const tenantId of this.coming) this.queue.add(tenantId);
      this.coming.clear();
      this.fillLanes();
      await sleep(this.options.intervalMs, undefined, {signal}).catch(() => {});
    }
  }

  /** Finds tenants that other processes have made grow, or that were left behind. */
  private async sweep(): Promise<void> {
    if (performance.now() - this.swept < this.options.sweepMs) return;
    this.swept = performance.now();
    const {database, detector} = this.parts;
    const isDone = await this.attempt('', async () => {
      for (const tenantId of await undetectedTenants(database, detector.ruleIds)) this.coming.add(tenantId);
    });
    if (!isDone) this.swept = Number.NEGATIVE_INFINITY;
  }

  private fillLanes(): void {
    while (this.lanes.size < AT_ONCE && this.next() !== undefined) {
      const lane = this.lane().finally(() => this.lanes.delete(lane));
      this.lanes.add(lane);
    }
  }

  /** Looks at one tenant after the other, until none waits. */
  private async lane(): Promise<void> {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      this.queue.delete(next);
      this.looking.add(next);
      await this.look(next);
      this.looking.delete(next);
    }
  }

  /** The tenant whose turn is next; the entries that come to one whose turn it is wait for another. */
  private next(): string | undefined {
    if (this.stopping.signal.aborted) return undefined;
    return [...this.queue].find(tenantId => !this.looking.has(tenantId));
  }

  private async look(tenantId: string): Promise<void> {
    const isDone = await this.attempt(tenantId, async () => {
      const done = await this.parts.detector.advance(tenantId, this.stopping.signal);
      if (done === 'more') this.queue.add(tenantId);
      if (done === 'busy') this.coming.add(tenantId);
    });
    if (!isDone) this.coming.add(tenantId);
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
