import {pipeline as chain, Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {inject} from '@loopback/core';
import {get, param, type RequestContext, type Response, RestBindings} from '@loopback/rest';
import type {Logger} from 'pino';
import {validate as isUuid} from 'uuid';
import {readLines} from '../admission/read-body';
import type {ObjectStore} from '../archive/object-store';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import type {JobRow, JobRows} from '../repositories/job-rows';
import type {Gate} from './gate';
import {errors, json, SECURED} from './openapi';
import {sendStream} from './send-stream';

/** What has become of work in the background. */
export class JobController {
  constructor(
    @inject(AuditServiceBindings.JOB_ROWS) private readonly jobs: JobRows,
    @inject(AuditServiceBindings.OBJECT_STORE) private readonly store: ObjectStore,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.LOGGER) private readonly logger: Logger,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/jobs/{jobId}', {
    ...SECURED,
    summary: 'A job: its status, progress and result',
    description: 'May be read any number of times. The result of a query is the array of its entries.',
    responses: {
      200: {description: 'The job', content: json({$ref: '#/components/schemas/Job'})},
      ...errors(404, 502),
    },
  })
  async find(@param.path.string('jobId') jobId: string): Promise<object> {
    const job = await this.read(jobId);
    const {order, outcome, error, attempts: _attempts, startedAt, finishedAt, ...rest} = job;
    const told = {
      ...rest,
      filterUsed: order.filter,
      ...(startedAt !== null && {startedAt}),
      ...(finishedAt !== null && {finishedAt}),
      ...(error !== null && {error}),
    };
    if (job.status !== 'COMPLETED') return told;
    if (job.operation === 'QUERY') return this.sendWithEntries(told, String(outcome?.key));
    return {...told, result: outcome};
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
