import type {ActorType} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import type {Condition} from '../models/condition';
import type {JobFailure, JobOperation, JobStatus} from '../models/job.model';
import type {OrderTerm} from '../models/selection';
import type {Database, Session} from './database';

/** What a job is to do, as it is stored. The condition has been read and checked when the job was asked for. */
export interface JobOrder {
  operation: JobOperation;
  /** The filter in the caller's words, for people to read. */
  filter: object;
  /** The same, as the worker follows it in the database. */
  condition: Condition;
  order?: readonly OrderTerm[];
  limit?: number;
  skip?: number;
  fields?: readonly string[];
  /** Of an export: a format, or none for the export handler's workbook. */
  format?: string;
  /** Of an erasure, whose filter it follows: what kind of caller asked for it. */
  actorType?: ActorType;
}

export interface JobRow {
  tenantId: string;
  id: string;
  operation: JobOperation;
  status: JobStatus;
  order: JobOrder;
  requestedBy: string;
  rowsDone: number;
  /** What a completed job left behind. */
  outcome: Record<string, unknown> | null;
  error: JobFailure | null;
  attempts: number;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

const COLUMNS =
  'tenant_id, id, operation, status, filter_used, requested_by, rows_done, outcome, error, attempts, created_at, started_at, finished_at';

const jobFromRow = (row: readonly unknown[]): JobRow => {
  const [tenantId, id, operation, status, order, requestedBy, rowsDone, outcome, error, attempts, ...times] =
    row;
  const [createdAt, startedAt, finishedAt] = times;
  return {
    ...{tenantId, id, operation, status, order, requestedBy, rowsDone, outcome, error, attempts},
    ...{createdAt, startedAt, finishedAt},
  } as JobRow;
};

/** Jobs, for the tenants that ask and the worker that works. */
export class JobRows {
  constructor(private readonly database: Database) {}

  async create(tenantId: string, id: string, order: JobOrder, requestedBy: string): Promise<void> {
    await this.asWriter(tenantId, session =>
      session.rows(
        `INSERT INTO jobs (tenant_id, id, operation, status, filter_used, requested_by) VALUES ($1, $2, $3, 'PENDING', $4, $5)`,
        [tenantId, id, order.operation, JSON.stringify(order), requestedBy],
      ),
    );
  }

  /** @throws AuditError JOB_NOT_FOUND where the tenant has no such job */
  async get(tenantId: string, id: string): Promise<JobRow> {
    const [row] = await this.database.transaction({role: 'audit_reader', tenantId}, session =>
      session.rows(`SELECT ${COLUMNS} FROM jobs WHERE tenant_id = $1 AND id = $2`, [tenantId, id]),
    );
    if (!row) throw new AuditError('JOB_NOT_FOUND', 'There is no such job.', [jobDetail]);
    return jobFromRow(row);
  }

  /** Jobs of a tenant, the newest first. @param after creation time and id of the last job of the page before */
  async list(
    tenantId: string,
    {status, operation}: {status?: readonly string[]; operation?: readonly string[]},
    limit: number,
    after?: readonly [createdAt: string, id: string],
  ): Promise<JobRow[]> {
    const [createdAt, id] = after ?? [null, null];
    const rows = await this.database.transaction({role: 'audit_reader', tenantId}, session =>
      session.rows(
        `SELECT ${COLUMNS} FROM jobs WHERE tenant_id = $1
            AND ($2::text[] IS NULL OR status = ANY ($2)) AND ($3::text[] IS NULL OR operation = ANY ($3))
            AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
          ORDER BY created_at DESC, id DESC LIMIT $6`,
        [tenantId, status ?? null, operation ?? null, createdAt, id, limit],
      ),
    );
    return rows.map(jobFromRow);
  }

  /**
   * Ends a job that waits or runs; a worker that has it stops when it renews its lease. One that has ended stays as it is.
   *
   * @throws AuditError JOB_NOT_FOUND
   */
  async cancel(tenantId: string, id: string): Promise<JobRow> {
    await this.asWriter(tenantId, session =>
      session.rows(
        `UPDATE jobs SET status = 'CANCELLED', finished_at = clock_timestamp(), leased_until = NULL, worker = NULL
          WHERE tenant_id = $1 AND id = $2 AND status IN ('PENDING', 'RUNNING')`,
        [tenantId, id],
      ),
    );
    return this.get(tenantId, id);
  }

  /**
   * Files a job anew that has failed or was cancelled.
   *
   * @throws AuditError JOB_NOT_FOUND, JOB_NOT_ENDED where it waits, runs or has completed
   */
  async retry(tenantId: string, id: string): Promise<JobRow> {
    const rows = await this.asWriter(tenantId, session =>
      session.rows(
        `UPDATE jobs SET status = 'PENDING', attempts = 0, error = NULL, finished_at = NULL, leased_until = NULL, worker = NULL
          WHERE tenant_id = $1 AND id = $2 AND status IN ('FAILED', 'CANCELLED') RETURNING id`,
        [tenantId, id],
      ),
    );
    const job = await this.get(tenantId, id);
    if (rows.length > 0) return job;
    const detail = {field: 'jobId', code: 'JOB_NOT_ENDED', message: `is ${job.status}`};
    throw new AuditError('JOB_NOT_ENDED', 'Only a job that has failed or was cancelled can be done again.', [
      detail,
    ]);
  }

  /**
   * Takes the next job of any tenant on lease: one that waits, or one whose worker has let its lease run
   * out. A tenant's archives are written, and written anew, one at a time.
   */
  async claim(worker: string, leaseMs: number): Promise<JobRow | undefined> {
    const [row] = await this.asWriter('', async session => {
      await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('audit-jobs', 0))");
      return session.rows(
        `UPDATE jobs SET status = 'RUNNING', worker = $1, attempts = attempts + 1, rows_done = 0,
                leased_until = clock_timestamp() + $2 * interval '1 ms',
                started_at = coalesce(started_at, clock_timestamp())
          WHERE (tenant_id, id) = (
            SELECT tenant_id, id FROM jobs waiting
             WHERE status IN ('PENDING', 'RUNNING') AND (leased_until IS NULL OR leased_until < clock_timestamp())
               AND NOT (operation IN ('ARCHIVE', 'ERASE') AND EXISTS (
                     SELECT FROM jobs other WHERE other.tenant_id = waiting.tenant_id
                        AND other.operation IN ('ARCHIVE', 'ERASE')
                        AND other.status = 'RUNNING' AND other.leased_until >= clock_timestamp()))
             ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
          RETURNING ${COLUMNS}`,
        [worker, leaseMs],
      );
    });
    return row && jobFromRow(row);
  }

  /** Renews the lease and tells the progress. False where another worker has the job. */
  renew(job: JobRow, worker: string, leaseMs: number, rowsDone: number): Promise<boolean> {
    return this.change(
      job,
      worker,
      "rows_done = $4, leased_until = clock_timestamp() + $5 * interval '1 ms'",
      [rowsDone, leaseMs],
    );
  }

  complete(job: JobRow, worker: string, rowsDone: number, outcome: object): Promise<boolean> {
    return this.change(
      job,
      worker,
      "status = 'COMPLETED', rows_done = $4, outcome = $5, error = NULL, finished_at = clock_timestamp(), leased_until = NULL",
      [rowsDone, JSON.stringify(outcome)],
    );
  }

  fail(job: JobRow, worker: string, failure: JobFailure): Promise<boolean> {
    return this.change(
      job,
      worker,
      "status = 'FAILED', error = $4, finished_at = clock_timestamp(), leased_until = NULL",
      [JSON.stringify(failure)],
    );
  }

  /** Gives the job back, to be taken again after a while. Without a failure the attempt does not count. */
  postpone(job: JobRow, worker: string, delayMs: number, failure?: JobFailure): Promise<boolean> {
    return this.change(
      job,
      worker,
      "status = 'PENDING', error = $4, worker = NULL, attempts = attempts - ($4::jsonb IS NULL)::int, leased_until = clock_timestamp() + $5 * interval '1 ms'",
      [failure ? JSON.stringify(failure) : null, delayMs],
    );
  }

  private async change(job: JobRow, worker: string, set: string, values: unknown[]): Promise<boolean> {
    const rows = await this.asWriter(job.tenantId, session =>
      session.rows(
        `UPDATE jobs SET ${set} WHERE tenant_id = $1 AND id = $2 AND worker = $3 AND status = 'RUNNING' RETURNING id`,
        [job.tenantId, job.id, worker, ...values],
      ),
    );
    return rows.length > 0;
  }

  private asWriter<T>(tenantId: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.database.transaction({role: 'audit_writer', tenantId}, work);
  }
}

const jobDetail = {field: 'jobId', code: 'JOB_NOT_FOUND', message: 'is not a job of this tenant'};
