import {inject} from '@loopback/core';
import {post, type Request, type RequestContext, RestBindings, requestBody} from '@loopback/rest';
import {readJson} from '../admission/read-body';
import {PermissionKey} from '../identity/permission';
import type {ArchiveOutcome} from '../jobs/archive-job';
import type {JobRunner} from '../jobs/job-runner';
import {AuditServiceBindings} from '../keys';
import {readCustomFilter} from '../query/custom-filter';
import type {AuditServiceOptions} from '../types';
import {awaitedJob} from './awaited-job';
import type {Gate} from './gate';
import {errors, json, rawBody, SECURED} from './openapi';
import {bodyOf} from './request-body';

const MAX_FILTER_BYTES = 1 << 20;

/** Moves entries to the object store. */
export class ArchiveController {
  constructor(
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.JOB_RUNNER) readonly jobs: JobRunner,
    @inject(AuditServiceBindings.OPTIONS) readonly options: AuditServiceOptions,
    @inject(RestBindings.Http.CONTEXT) readonly context: RequestContext,
  ) {}

  @post('/audit-logs/archive', {
    ...SECURED,
    summary: 'Archive entries',
    description:
      'Writes the selected entries to a file in the object store, proves the file, and then removes exactly those ' +
      'entries. Waits for the job; where that takes long, or with Prefer: respond-async (RFC 7240), answers 202 ' +
      'with the id of the job.',
    responses: {
      200: {
        description: 'The entries are archived',
        content: json({
          type: 'object',
          properties: {
            message: {type: 'string'},
            numberOfEntriesArchived: {type: 'integer'},
            key: {type: 'string', description: 'Key of the file in the object store'},
            jobId: {type: 'string', format: 'uuid'},
          },
        }),
      },
      202: {
        description: 'The job goes on; Location says where it is told of',
        content: json({
          type: 'object',
          properties: {message: {type: 'string'}, jobId: {type: 'string', format: 'uuid'}},
        }),
      },
      ...errors(404, 409, 413, 415, 502),
    },
  })
  async archive(
    @requestBody({
      required: true,
      content: {
        'application/json': {
          schema: {$ref: '#/components/schemas/CustomFilter'},
          'x-parser': rawBody,
        },
      },
    })
    body: Request,
  ): Promise<object> {
    const caller = await this.gate.open(this.context, PermissionKey.ArchiveLogs);
    const {filter, condition} = readCustomFilter(await readJson(bodyOf(body), MAX_FILTER_BYTES));
    const order = {operation: 'ARCHIVE', filter, condition} as const;
    const {jobId, outcome} = await awaitedJob(this, caller, order);
    if (outcome) return {...(outcome as ArchiveOutcome), jobId};
    return {message: 'Archiving goes on', jobId};
  }
}
