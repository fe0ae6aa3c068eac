import type {RequestContext} from '@loopback/rest';
import {AuditError, ERROR_STATUS, type ErrorCode} from '../errors';
import type {AuthorizedCaller} from '../identity/caller';
import type {JobRunner} from '../jobs/job-runner';
import type {JobOrder, JobRow} from '../repositories/job-rows';
import type {AuditServiceOptions} from '../types';

/** What a request that waits for its job has at hand. */
interface Waiting {
  jobs: JobRunner;
  options: AuditServiceOptions;
  context: RequestContext;
}

/**
 * Files a job and waits for it. Where that takes long, or with Prefer: respond-async (RFC 7240), the answer is to be 202
 * with Location, and there is no outcome yet.
 *
 * @throws the error that ended the job
 */
export async function awaitedJob(
  {jobs, options, context: {request, response}}: Waiting,
  {tenantId, id}: AuthorizedCaller,
  order: JobOrder,
): Promise<{jobId: string; outcome?: object}> {
  const jobId = await jobs.submit(tenantId, order, id);
  const waitMs = /\brespond-async\b/.test(request.get('prefer') ?? '') ? 0 : options.archiveWaitMs;
  const job = await jobs.waitFor(tenantId, jobId, waitMs);
  if (job.status === 'FAILED') throw failureOf(job);
  if (job.status === 'COMPLETED') return {jobId, outcome: job.outcome ?? {}};
  response.status(202).setHeader('Location', `${request.baseUrl}/audit-logs/jobs/${jobId}`);
  return {jobId};
}

/** The error that ended a job, as the error of the request that waited for it. */
function failureOf({error}: JobRow): Error {
  const code = error?.code ?? '';
  if (!Object.hasOwn(ERROR_STATUS, code)) return new Error(error?.message ?? 'The job failed.');
  const details = [{field: 'body', code, message: error?.message ?? ''}];
  return new AuditError(code as ErrorCode, error?.message ?? '', details);
}
