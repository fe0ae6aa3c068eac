import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import {AuditError} from '../errors';
import type {JobFailure, JobOperation} from '../models/job.model';
import type {JobOrder, JobRow, JobRows} from '../repositories/job-rows';
import type {AuditServiceOptions} from '../types';

/** What a job is given while it runs. */
export interface JobContext {
  /** Aborted when the service stops or the lease is lost: the job must end soon, and may be run again. */
  signal: AbortSignal;
  /** Tells how many entries have been handled so far. */
  progress(rowsDone: number): void;
}

/**
 * Does one operation. It may be run again after a crash at any point, so it begins by clearing away what
 * an earlier attempt has left.
 *
 * @returns what is to be kept of the outcome
 */
export type JobWork = (job: JobRow, context: JobContext) => Promise<object>;

/** A job that has ended, one way or the other. */
const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED'];
const MAX_ATTEMPTS = 5;
const PASSING = ['DATABASE_UNAVAILABLE', 'QUERY_TIMEOUT', 'STORE_FAILED', 'ARCHIVE_CONFLICT'];

/** Whether a fault of this code may pass by itself: the job is tried again. */
export const isPassing = (code: string | undefined): boolean => code !== undefined && PASSING.includes(code);

/**
 * Works on jobs in the background. A job is leased: while its worker lives nobody else touches it, and when
 * the worker dies another takes it over. A fault that passes is tried again with growing delays.
 */
export class JobRunner implements LifeCycleObserver {
  private readonly worker = randomUUID();
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(
    private readonly rows: JobRows,
    private readonly works: Readonly<Record<JobOperation, JobWork>>,
    private readonly options: AuditServiceOptions['jobs'],
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (!this.options.run) return;
    this.loops = Array.from({length: this.options.concurrency}, () => this.loop());
  }

  /** Gives back what is under way and waits for it to have ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await Promise.all(this.loops);
  }

  /** Files a job and answers its id; it begins at once where a worker is free. */
  async submit(tenantId: string, order: JobOrder, requestedBy: string): Promise<string> {
    const id = randomUUID();
    await this.rows.create(tenantId, id, order, requestedBy);
    this.wake.abort();
    return id;
  }

  /** Has a job done once more that has failed or was cancelled. @throws AuditError JOB_NOT_FOUND, JOB_NOT_ENDED */
  async retry(tenantId: string, id: string): Promise<JobRow> {
    const job = await this.rows.retry(tenantId, id);
    this.wake.abort();
    return job;
  }

  /** Waits until a job has ended, at most so long; answers it as it then is. */
  async waitFor(tenantId: string, id: string, waitMs: number): Promise<JobRow> {
    const deadline = Date.now() + waitMs;
    for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
      const job = await this.rows.get(tenantId, id);
      if (ENDED.includes(job.status) || Date.now() + pause > deadline) return job;
      await sleep(pause);
    }
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const job = await this.claim();
      if (job) await this.run(job);
      else await this.idle();
    }
  }

  private async claim(): Promise<JobRow | undefined> {
    try {
      return await this.rows.claim(this.worker, this.options.leaseMs);
    } catch (error) {
      this.logger.warn({err: error}, 'cannot look for jobs');
      return undefined;
    }
  }

  private async idle(): Promise<void> {
    await sleep(this.options.pollMs, undefined, {signal: this.wake.signal}).catch(() => {});
    if (this.wake.signal.aborted && !this.stopping.signal.aborted) this.wake = new AbortController();
  }

  private async run(job: JobRow): Promise<void> {
    const lost = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, lost.signal]);
    const log = this.logger.child({jobId: job.id, operation: job.operation, attempt: job.attempts});
    let rowsDone = 0;
    const heartbeat = setInterval(() => {
      this.rows.renew(job, this.worker, this.options.leaseMs, rowsDone).then(
        held => held || lost.abort(),
        error => log.warn({err: error}, 'cannot renew the lease of a job'),
      );
    }, this.options.leaseMs / 3);
    try {
      if (job.attempts > MAX_ATTEMPTS)
        throw new AuditError('JOB_ABANDONED', 'The job ended its worker each time.');
      const progress = (done: number) => {
        rowsDone = done;
      };
      const outcome = await this.works[job.operation](job, {signal, progress});
      const held = await this.rows.complete(job, this.worker, rowsDone, outcome);
      log.info(
        {rowsDone},
        held ? 'job completed' : 'job completed after it was cancelled or given to another',
      );
    } catch (error) {
      await this.settle(job, error).catch(fault => log.error({err: fault}, 'cannot record the end of a job'));
      if (this.stopping.signal.aborted) log.info({rowsDone}, 'job given back');
      else log.warn({err: error}, 'job did not complete');
    } finally {
      clearInterval(heartbeat);
    }
  }

  private async settle(job: JobRow, error: unknown): Promise<void> {
    if (this.stopping.signal.aborted) {
      await this.rows.postpone(job, this.worker, 0);
      return;
    }
    const failure = failureOf(error);
    if (isPassing(failure.code) && job.attempts < MAX_ATTEMPTS) {
      await this.rows.postpone(job, this.worker, 500 * 4 ** (job.attempts - 1), failure);
    } else {
      await this.rows.fail(job, this.worker, failure);
    }
  }
}

/** What is told of a failure: the words of our own errors, and none of a foreign one's. */
const failureOf = (error: unknown): JobFailure =>
  error instanceof AuditError
    ? {code: error.code, message: error.message}
    : {code: 'INTERNAL', message: 'The job failed by a fault of the service; its log says more.'};
