import {pipeline as chain, Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {
  get,
  type OperationObject,
  type ParameterObject,
  param,
  post,
  type RequestContext,
  type Response,
  RestBindings,
} from '@loopback/rest';
import type {Logger} from 'pino';
import {validate as isUuid} from 'uuid';
import {readLines} from '../admission/read-body';
import type {ObjectStore} from '../archive/object-store';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import type {JobRunner} from '../jobs/job-runner';
import {AuditServiceBindings} from '../keys';
import {JOB_OPERATIONS, JOB_STATUSES} from '../models/job.model';
import {openPlace, sealPlace} from '../query/cursor';
import {readJobQuery} from '../query/job-query';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {JobRow, JobRows} from '../repositories/job-rows';
import type {Gate} from './gate';
import {CURSOR_HEADERS, CURSOR_PAGING, errors, json, SECURED} from './openapi';
import {pageLinks} from './page-links';
import {queryOf} from './request-query';
import {sendStream} from './send-stream';

const JOB_REF = {$ref: '#/components/schemas/Job'};

const listed = (name: string, values: readonly string[], description: string): ParameterObject => ({
  ...{name, in: 'query', schema: {type: 'string'}},
  description: `${description}: ${values.join(', ')}; several with commas`,
});

const control = (summary: string): OperationObject => ({
  ...SECURED,
  summary,
  responses: {200: {description: 'The job', content: json(JOB_REF)}, ...errors(404, 409)},
});

/** A job as it is answered, without its result. */
function told({
  order,
  outcome: _outcome,
  error,
  attempts: _attempts,
  startedAt,
  finishedAt,
  ...rest
}: JobRow): object {
  return {
    ...rest,
    filterUsed: order.filter,
    ...(startedAt !== null && {startedAt}),
    ...(finishedAt !== null && {finishedAt}),
    ...(error !== null && {error}),
  };
}

/** What has become of work in the background. */
export class JobController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.JOB_ROWS) private readonly jobs: JobRows,
    @inject(AuditServiceBindings.JOB_RUNNER) private readonly runner: JobRunner,
    @inject(AuditServiceBindings.OBJECT_STORE) private readonly store: ObjectStore,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.LOGGER) private readonly logger: Logger,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/jobs', {
    ...SECURED,
    summary: 'Jobs, the newest first',
    'x-query': [
      listed('status', JOB_STATUSES, 'What has become of them'),
      listed('operation', JOB_OPERATIONS, 'What they do'),
      ...CURSOR_PAGING,
    ],
    responses: {
      200: {
        description: 'A page of jobs, without their results',
        headers: CURSOR_HEADERS,
        content: json({type: 'array', items: JOB_REF}),
      },
      ...errors(),
    },
  })
  async list(): Promise<object[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const {filter, limit, cursor} = readJobQuery(queryOf(this.context.request));
    const key = await this.auditLogs.cursorSecret();
    const scope = JSON.stringify(['jobs', tenantId, filter]);
    const [createdAt, id] = cursor === undefined ? [] : openPlace(key, scope, cursor);
    const after = createdAt === undefined ? undefined : ([String(createdAt), String(id)] as const);
    const jobs = await this.jobs.list(tenantId, filter, limit + 1, after);
    const page = jobs.slice(0, limit);
    const last = page.at(-1);
    if (last && jobs.length > limit) {
      pageLinks(this.context, {next: sealPlace(key, scope, [last.createdAt, last.id])});
    }
    return page.map(told);
  }

  @post('/audit-logs/jobs/{jobId}/cancel', control('End a job that waits or runs'))
  async cancel(@param.path.string('jobId') jobId: string): Promise<object> {
    const {tenantId, id} = await this.read(jobId, PermissionKey.ManageAudit);
    return told(await this.jobs.cancel(tenantId, id));
  }

  @post('/audit-logs/jobs/{jobId}/retry', control('Do a job again that has failed or was cancelled'))
  async retry(@param.path.string('jobId') jobId: string): Promise<object> {
    const {tenantId, id} = await this.read(jobId, PermissionKey.ManageAudit);
    return told(await this.runner.retry(tenantId, id));
  }

  @get('/audit-logs/jobs/{jobId}', {
    ...SECURED,
    summary: 'A job: its status, progress and result',
    description: 'May be read any number of times. The result of a query is the array of its entries.',
    responses: {
      200: {description: 'The job', content: json(JOB_REF)},
      ...errors(404, 502),
    },
  })
  async find(@param.path.string('jobId') jobId: string): Promise<object> {
    const job = await this.read(jobId);
    if (job.status !== 'COMPLETED') return told(job);
    if (job.operation === 'QUERY') return this.sendWithEntries(told(job), String(job.outcome?.key));
    return {...told(job), result: job.outcome};
  }

  @get('/audit-logs/jobs/{jobId}/file', {
    ...SECURED,
    summary: 'The file that an export job has written',
    responses: {
      200: {
        description: 'The file',
        content: {'application/octet-stream': {schema: {type: 'string', format: 'binary'}}},
      },
      ...errors(404, 409, 502),
    },
  })
  async file(@param.path.string('jobId') jobId: string): Promise<Response> {
    const {outcome, operation, status} = await this.read(jobId, PermissionKey.ExportLogs);
    if (operation !== 'EXPORT' || (status === 'COMPLETED' && typeof outcome?.key !== 'string')) {
      throw noFile('JOB_NOT_FOUND', 'The job leaves no file in the object store.');
    }
    if (status !== 'COMPLETED')
      throw noFile('RESULT_NOT_READY', 'The job has not completed: ask for it again later.');
    const {response} = this.context;
    const content = await this.store.get(String(outcome?.key));
    response.attachment(String(outcome?.name));
    response.setHeader('Content-Type', String(outcome?.contentType));
    return sendStream(content, response, this.logger);
  }

  private async read(jobId: string, needed = PermissionKey.ViewAudit): Promise<JobRow> {
    const caller = await this.gate.open(this.context, needed);
    if (!isUuid(jobId)) {
      const detail = {field: 'jobId', code: 'INVALID_ID', message: 'must be a UUID'};
      throw new AuditError('INVALID_ID', 'The id of a job is a UUID.', [detail]);
    }
    return this.jobs.get(caller.tenantId, jobId.toLowerCase());
  }

  /** The job with the entries of its result, which come from the object store as they are sent. */
  private async sendWithEntries(job: object, key: string): Promise<Response> {
    // The callback has nothing to do: a fault on the way reaches the reader of the entries.
    const entries = chain(await this.store.get(key), createGunzip(), () => {});
    this.context.response.setHeader('Content-Type', 'application/json; charset=utf-8');
    return sendStream(Readable.from(withEntries(job, entries)), this.context.response, this.logger);
  }
}

async function* withEntries(job: object, ndjson: Readable): AsyncGenerator<string> {
  yield `${JSON.stringify(job).slice(0, -1)},"result":[`;
  let separator = '';
  for await (const {text} of readLines(ndjson, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)) {
    yield separator + text;
    separator = ',';
  }
  yield ']}';
}

const noFile = (code: 'JOB_NOT_FOUND' | 'RESULT_NOT_READY', message: string) =>
  new AuditError(code, message, [{field: 'jobId', code, message: 'has no file'}]);
