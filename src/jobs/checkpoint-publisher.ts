import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import {AuditError} from '../errors';
import type {Growth} from '../repositories/growth';
import type {TransparencyLog} from '../repositories/transparency-log';
import type {AuditServiceOptions} from '../types';
import type {PacedNotes} from '../witness/paced-notes';
import type {WitnessClient} from '../witness/witness-client';
import type {TreeSweep} from './tree-sweep';

/** What is counted of checkpoints. */
export interface CheckpointMeasures {
  signed(): void;
  failed(): void;
}

export interface CheckpointPublisherParts {
  log: TransparencyLog;
  growth: Growth;
  sweep: TreeSweep;
  notes: PacedNotes | undefined;
  witnesses: readonly WitnessClient[];
  measures: CheckpointMeasures | undefined;
  logger: Logger;
}

/** Trees that are signed at the same time. */
const AT_ONCE = 4;

/**
 * Signs the trees that have grown, each interval, or earlier where much has come: those that this process has made grow,
 * and those that a sweep finds unsigned. Several processes may do so at once: of two checkpoints of one size one stands.
 */
export class CheckpointPublisher implements LifeCycleObserver {
  private grown = new Set<string>();
  private entries = 0;
  private readonly failing = new Set<'sign' | 'keep'>();
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(
    private readonly parts: CheckpointPublisherParts,
    private readonly options: AuditServiceOptions['checkpoints'],
  ) {}

  start(): void {
    const {log, growth, sweep} = this.parts;
    if (!log.isSigned || this.options.intervalMs === 0) return;
    growth.hear((tenantId, entries) => this.grew(tenantId, entries));
    const onUnsigned = (tenantId: string) => this.grown.add(tenantId);
    this.loops = [this.publishing(), sweep.run(onUnsigned, this.stopping.signal)];
  }

  /** Ends, once what is left has been signed and kept. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await Promise.all(this.loops);
    if (this.loops.length > 0) await this.publish(true);
    await Promise.all(this.parts.witnesses.map(witness => witness.stop()));
    await this.parts.notes?.close();
  }

  private grew(tenantId: string, entries: number): void {
    this.grown.add(tenantId);
    this.parts.sweep.watch(tenantId);
    this.entries += entries;
    if (this.entries >= this.options.entries) this.wake.abort();
  }

  private async publishing(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await sleep(this.options.intervalMs, undefined, {signal: this.wake.signal}).catch(() => {});
      if (this.stopping.signal.aborted) return;
      this.wake = new AbortController();
      await this.publish();
    }
  }

  /** @param everything whether this is the last time: then the first failure ends it, for the end is waited for */
  private async publish(everything = false): Promise<void> {
    const grown = [...this.grown];
    this.grown = new Set();
    this.entries = 0;
    const signing = Array.from({length: AT_ONCE}, async () => {
      for (let next = grown.pop(); next !== undefined; next = grown.pop()) {
        if (!(await this.sign(next)) && everything) return;
      }
    });
    await Promise.all(signing);
    await this.parts.notes?.flush(everything).then(
      () => this.succeeded('keep'),
      error => this.failed('keep', error),
    );
  }

  private async sign(tenantId: string): Promise<boolean> {
    const {log, notes, witnesses, measures} = this.parts;
    try {
      const note = await log.checkpoint(tenantId);
      measures?.signed();
      notes?.offer(tenantId, note);
      for (const witness of witnesses) witness.offer(tenantId, note);
      this.succeeded('sign');
      return true;
    } catch (error) {
      // Told already; the sweep finds the tree again once somebody has acted.
      if (error instanceof AuditError && error.code === 'HISTORY_REWRITTEN') return true;
      this.grown.add(tenantId);
      this.failed('sign', error);
      return false;
    }
  }

  /** Said once, and counted each time, until it goes on. */
  private failed(what: 'sign' | 'keep', error: unknown): void {
    const {measures, logger} = this.parts;
    measures?.failed();
    if (!this.failing.has(what)) logger.error({err: error, what}, 'a checkpoint could not be signed or kept');
    this.failing.add(what);
  }

  private succeeded(what: 'sign' | 'keep'): void {
    if (this.failing.delete(what)) this.parts.logger.info({what}, 'checkpoints are signed and kept again');
  }
}
