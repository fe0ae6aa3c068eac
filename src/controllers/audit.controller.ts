import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, param, post, type Request, type RequestContext, RestBindings, requestBody} from '@loopback/rest';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {admit} from '../admission/admit';
import {admitBatch} from '../admission/batch';
import {readJson} from '../admission/read-body';
import {PermissionKey} from '../identity/permission';
import type {JobRunner} from '../jobs/job-runner';
import {AuditServiceBindings} from '../keys';
import {DEFAULT_CAP, MAX_CAP, readWhole} from '../query/filter';
import {givenName} from '../query/parameter-names';
import {
  readCondition,
  readFieldsQuery,
  readFlag,
  readPageQuery,
  readQuery,
  unknownParameter,
} from '../query/parameters';
import {AuditTrailRepository, type EntryCount} from '../repositories/audit-trail.repository';
import {LEAF_ROWS} from '../repositories/leaf-row';
import type {StoredBatch} from '../repositories/trail-writer';
import type {AuditServiceOptions} from '../types';
import {bearerOf} from './bearer';
import {entryPage, only} from './entry-pages';
import type {Gate} from './gate';
import {jobOrder} from './job-order';
import {
  COUNTING,
  CURSOR_HEADERS,
  ENTRY_REF,
  EXAMPLE_ENTRY,
  errors,
  FIELDS_FILTER,
  INCLUDE_ARCHIVED,
  json,
  NEW_ENTRY_REF,
  ORDER,
  PAGING,
  RECEIPT,
  rawBody,
  SECURED,
  SELECTING,
} from './openapi';
import {bodyOf} from './request-body';
import {queryOf} from './request-query';

/** Records entries, and finds them again. */
export class AuditController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.JOB_RUNNER) private readonly jobs: JobRunner,
    @inject(AuditServiceBindings.OPTIONS) private readonly options: AuditServiceOptions,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @post('/audit-logs', {
    ...SECURED,
    summary: 'Record one entry',
    description:
      'Answers the entry as it is stored. A known id with the same content answers the entry stored first.',
    responses: {
      200: {description: 'The entry as it is stored', content: json(ENTRY_REF)},
      ...errors(409, 413, 415),
    },
  })
  async create(
    @requestBody({
      required: true,
      content: {'application/json': {schema: NEW_ENTRY_REF, example: EXAMPLE_ENTRY, 'x-parser': rawBody}},
    })
    body: Request,
  ): Promise<AuditEntry> {
    const caller = await this.gate.open(this.context, PermissionKey.CreateAudit);
    const input = await readJson(bodyOf(body), this.options.limits.entryBytes);
    return this.auditLogs.create(caller.tenantId, admit(input, bearerOf(caller, this.context)));
  }

  @post('/audit-logs/batch', {
    ...SECURED,
    summary: 'Record many entries, all or none',
    'x-query': [
      {
        name: 'receipts',
        in: 'query',
        schema: {type: 'boolean', default: false},
        description: 'Answer receipts',
      },
    ],
    description:
      'A JSON array (8 MiB), or NDJSON: one entry a line (256 MiB, 512 KiB a line); at most 100,000 entries, unless the host sets other limits. Up to 100 faults are named with their line, and nothing is stored then.',
    responses: {
      200: {
        description: 'Every entry is stored',
        content: json(
          {
            type: 'object',
            required: ['count', 'stored', 'existing'],
            properties: {
              count: {type: 'integer', description: 'Entries of the batch'},
              stored: {type: 'integer', description: 'Entries that are new'},
              existing: {type: 'integer', description: 'Entries that were known already'},
              receipts: {
                type: 'array',
                description: 'With receipts=true, what each entry of the batch was given, in their order',
                items: RECEIPT,
              },
            },
          },
          {count: 2, stored: 2, existing: 0},
        ),
      },
      ...errors(409, 413, 415),
    },
  })
  async createAll(
    @requestBody({
      required: true,
      content: {
        'application/json': {
          schema: {type: 'array', items: NEW_ENTRY_REF},
          example: [EXAMPLE_ENTRY],
          'x-parser': rawBody,
        },
        'application/x-ndjson': {schema: {type: 'string'}, 'x-parser': rawBody},
      },
    })
    body: Request,
  ): Promise<StoredBatch & {existing: number}> {
    const caller = await this.gate.open(this.context, PermissionKey.CreateAudit);
    const query = queryOf(this.context.request);
    const unknown = Object.keys(query).find(name => name !== 'receipts');
    if (unknown !== undefined) throw unknownParameter(unknown);
    const wanted = readFlag(query, 'receipts');
    const kind = body.is('application/x-ndjson') ? 'ndjson' : 'array';
    const bearer = bearerOf(caller, this.context);
    const spool = await admitBatch(bodyOf(body), kind, bearer, this.options.limits, LEAF_ROWS);
    try {
      const batch = spool.atHand ?? (() => spool.pages());
      const {count, stored, receipts} = await this.auditLogs.createAll(caller.tenantId, batch, {
        receipts: wanted,
      });
      return {count, stored, existing: count - stored, ...(receipts && {receipts})};
    } finally {
      await spool.close();
    }
  }

  @get('/audit-logs', {
    ...SECURED,
    summary: 'Search entries',
    description:
      'Newest first, unless another order is asked for. Conditions of filter and of parameters all hold.',
    'x-query': [...SELECTING, ...PAGING, ORDER, INCLUDE_ARCHIVED],
    responses: {
      200: {
        description: 'A page of entries, or the id of the job that includes archived ones',
        headers: CURSOR_HEADERS,
        content: json({
          oneOf: [
            {type: 'array', items: ENTRY_REF},
            {type: 'object', required: ['jobId'], properties: {jobId: {type: 'string', format: 'uuid'}}},
          ],
        }),
      },
      ...errors(),
    },
  })
  async find(): Promise<Partial<AuditEntry>[] | {jobId: string}> {
    const caller = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const {tenantId} = caller;
    const query = queryOf(this.context.request);
    if (readFlag(query, 'includeArchivedLogs')) {
      const {selection} = readQuery(tenantId, query, {own: ['includeArchivedLogs']});
      const cursor = givenName(query, 'cursor');
      if (cursor !== undefined) throw unknownParameter(cursor);
      const order = jobOrder('QUERY', query, selection);
      return {jobId: await this.jobs.submit(tenantId, order, caller.id)};
    }
    return entryPage(
      this.auditLogs,
      this.context,
      tenantId,
      readPageQuery(tenantId, query, {own: ['includeArchivedLogs']}),
    );
  }

  @get('/audit-logs/count', {
    ...SECURED,
    summary: 'Count entries',
    description:
      'Exact up to cap; beyond, the answer is cap with the relation gte, for counting costs as much as reading. ' +
      'With estimate=true, the share of the newest 5,000 entries, of all.',
    'x-query': [...SELECTING, ...COUNTING],
    responses: {
      200: {
        description: 'The number of entries',
        content: json(
          {
            type: 'object',
            required: ['count', 'relation'],
            properties: {
              count: {type: 'integer'},
              relation: {
                type: 'string',
                enum: ['eq', 'gte', 'estimate'],
                description: 'Whether that is the number, the least that it can be, or about the number',
              },
            },
          },
          {count: 42, relation: 'eq'},
        ),
      },
      ...errors(),
    },
  })
  async count(): Promise<EntryCount> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const query = queryOf(this.context.request);
    const own = ['cap', 'estimate'];
    const condition = readCondition(tenantId, query, own);
    if (readFlag(query, 'estimate')) return this.auditLogs.estimate(tenantId, condition);
    const cap = query.cap === undefined ? DEFAULT_CAP : readWhole(query.cap, 'cap', 1, MAX_CAP);
    return this.auditLogs.count(tenantId, condition, cap);
  }

  @get('/audit-logs/{id}', {
    ...SECURED,
    summary: 'One entry',
    'x-query': [FIELDS_FILTER],
    responses: {200: {description: 'The entry', content: json(ENTRY_REF)}, ...errors(404)},
  })
  async findById(@param.path.string('id') id: string): Promise<Partial<AuditEntry>> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const fields = readFieldsQuery(queryOf(this.context.request));
    const entry = await this.auditLogs.findById(tenantId, id);
    return fields ? only(entry, fields) : entry;
  }
}
