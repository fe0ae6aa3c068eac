import {inject} from '@loopback/core';
import {post, type Request, type RequestContext, RestBindings, requestBody} from '@loopback/rest';
import {readJson} from '../admission/read-body';
import {PermissionKey} from '../identity/permission';
import {type ErasureOutcome, eraseStored, erasureOutcome} from '../jobs/erase-stored';
import type {JobRunner} from '../jobs/job-runner';
import {AuditServiceBindings} from '../keys';
import {EVERYTHING} from '../models/condition';
import {readErasure} from '../query/erasure';
import {hasArchives} from '../repositories/archive-rows';
import type {Database} from '../repositories/database';
import type {AuditServiceOptions} from '../types';
import {awaitedJob} from './awaited-job';
import {bearerOf} from './bearer';
import type {Gate} from './gate';
import {errors, json, rawBody, SECURED} from './openapi';
import {bodyOf} from './request-body';

const MAX_BODY_BYTES = 256 << 10;

const ERASED = {
  message: {type: 'string'},
  numberOfEntriesErased: {type: 'integer', description: 'Entries that have lost values by this call so far'},
  entries: {
    type: 'array',
    items: {type: 'string', format: 'uuid'},
    description: 'Ids of the entries that tell of it',
  },
  jobId: {
    type: 'string',
    format: 'uuid',
    description: 'Of the job that erases in archives, where there are any',
  },
} as const;

/** Erases what tells of a person, and leaves every proof standing. */
export class ErasureController {
  constructor(
    @inject(AuditServiceBindings.DATABASE) readonly database: Database,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.JOB_RUNNER) readonly jobs: JobRunner,
    @inject(AuditServiceBindings.OPTIONS) readonly options: AuditServiceOptions,
    @inject(RestBindings.Http.CONTEXT) readonly context: RequestContext,
  ) {}

  @post('/audit-logs/erasure', {
    ...SECURED,
    summary: 'Erase the data of a person',
    description:
      'Erases before, after, metadata, reason, description, actorName, actorEmail, ip and userAgent of every entry of ' +
      'the data subject or actor, for good, and keeps their commitments, so that every proof still holds. The trail ' +
      'tells of it. May be repeated: a later call erases what has come since. Archives are written anew by a job, which ' +
      'is waited for; where that takes long, or with Prefer: respond-async (RFC 7240), the answer is 202.',
    responses: {
      200: {description: 'Nothing erasable is left', content: json({type: 'object', properties: ERASED})},
      202: {
        description: 'The job goes on in the archives; Location says where it is told of',
        content: json({type: 'object', properties: ERASED}),
      },
      ...errors(404, 409, 413, 415, 502),
    },
  })
  async erase(
    @requestBody({
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['reason'],
            additionalProperties: false,
            properties: {
              dataSubjectId: {type: 'string', description: 'Whose data it is'},
              actor: {type: 'string', description: 'Who acted; with dataSubjectId, the entries of either'},
              reason: {type: 'string', description: 'Why; the trail keeps it'},
            },
            example: {dataSubjectId: '4711', reason: 'GDPR, article 17: request of 2026-05-01'},
          },
          'x-parser': rawBody,
        },
      },
    })
    body: Request,
  ): Promise<object> {
    const caller = await this.gate.open(this.context, PermissionKey.ManageAudit);
    const erasure = readErasure(await readJson(bodyOf(body), MAX_BODY_BYTES));
    const {tenantId, actorType} = caller;
    // What tells of an erasure stays for good: no more of the caller than who it was.
    const {context, ...bearer} = bearerOf(caller, this.context);
    const request = context?.requestId === undefined ? {} : {requestId: context.requestId};
    const stored = await eraseStored(this, erasure, {...bearer, context: request});
    if (!(await hasArchives(this.database, tenantId))) return stored;
    const order = {operation: 'ERASE', filter: erasure, condition: EVERYTHING, actorType} as const;
    const {jobId, outcome} = await awaitedJob(this, caller, order);
    if (!outcome) return {...stored, message: 'Erasing goes on in archives', jobId};
    const archived = outcome as ErasureOutcome;
    const count = stored.numberOfEntriesErased + archived.numberOfEntriesErased;
    return {...erasureOutcome(count, [...stored.entries, ...archived.entries]), jobId};
  }
}
