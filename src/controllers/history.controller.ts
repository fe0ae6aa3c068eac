import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {
  get,
  type OperationObject,
  param,
  type RequestContext,
  RestBindings,
  type SchemaObject,
} from '@loopback/rest';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import {both, type Condition} from '../models/condition';
import {currentTime} from '../models/time';
import {type EntityState, entityState} from '../query/entity-state';
import {readWhole} from '../query/filter';
import {type StateDiff, stateDiff} from '../query/json-patch';
import {readMoment} from '../query/moment';
import {byActor, forAnother, ofEntity, ofRequest, onBehalfOf, until} from '../query/named-conditions';
import {readPattern} from '../query/operand';
import {NEWEST_FIRST, OLDEST_FIRST} from '../query/order';
import {isOfPage} from '../query/parameter-names';
import {readFieldsQuery, readPageQuery, readQuery, unknownParameter} from '../query/parameters';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {AddressUse} from '../repositories/ip-history';
import {entryPage} from './entry-pages';
import type {Gate} from './gate';
import {ENTRY_PAGE, errors, json, ORDER, PAGING, SECURED, SELECTING} from './openapi';
import {queryOf} from './request-query';

/** Entries of an entity that are read to rebuild it. */
const MOST_ENTRIES = 1_000;
const MOST_ADDRESSES = 1_000;

const TEXT: SchemaObject = {type: 'string'};
const TIME: SchemaObject = {type: 'string', format: 'date-time'};

const STATE: SchemaObject = {
  type: 'object',
  required: [
    'actedOn',
    'entityId',
    'at',
    'exists',
    'state',
    'complete',
    'lastEntry',
    'entries',
    'truncated',
    'gaps',
  ],
  properties: {
    actedOn: TEXT,
    entityId: TEXT,
    at: TIME,
    exists: {type: 'boolean', nullable: true, description: 'null where no entry tells'},
    state: {type: 'object', nullable: true, description: 'What is known of it'},
    complete: {type: 'boolean', description: 'Whether all of its properties are known'},
    lastEntry: {...TEXT, nullable: true, description: 'The entry that told last'},
    entries: {type: 'integer', description: 'Entries that were read'},
    truncated: {type: 'boolean', description: `Whether there are older ones than the newest ${MOST_ENTRIES}`},
    gaps: {
      type: 'array',
      description: 'What happened to it and no entry tells of',
      items: {
        type: 'object',
        properties: {
          after: {...TEXT, nullable: true},
          before: {...TEXT, nullable: true},
          field: TEXT,
          reason: {
            type: 'string',
            enum: ['changed', 'appeared', 'disappeared', 'created-twice', 'changed-after-deletion', 'erased'],
          },
        },
      },
    },
  },
};

const PATCH: SchemaObject = {
  type: 'array',
  items: {
    type: 'object',
    required: ['op', 'path'],
    properties: {op: {type: 'string'}, path: {type: 'string'}, from: {type: 'string'}, value: {}},
  },
};

const page = (summary: string, description: string): OperationObject => ({
  ...SECURED,
  summary,
  description,
  'x-query': [...SELECTING, ...PAGING, ORDER],
  responses: {200: ENTRY_PAGE, ...errors()},
});

/** What the trail tells of one entity, one user, one request. */
export class HistoryController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/resource/{type}/{id}', {
    ...page(
      'The history of an entity',
      'Its entries, newest first; with at, the entity as it was at that moment.',
    ),
    'x-query': [
      {
        name: 'at',
        in: 'query',
        schema: TEXT,
        description: 'A moment: RFC 3339, or an age such as 24h. The answer is the entity as it was then.',
      },
      ...SELECTING,
      ...PAGING,
      ORDER,
    ],
    responses: {
      200: {
        ...ENTRY_PAGE,
        content: json({oneOf: [ENTRY_PAGE.content?.['application/json']?.schema as SchemaObject, STATE]}),
      },
      ...errors(),
    },
  })
  async resource(
    @param.path.string('type') type: string,
    @param.path.string('id') id: string,
  ): Promise<Partial<AuditEntry>[] | object> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const {at, ...others} = queryOf(this.context.request);
    const entity = ofEntity(readPattern(type, 'type'), readPattern(id, 'id'));
    if (at === undefined) return this.page(tenantId, entity);
    const [other] = Object.keys(others);
    if (other !== undefined) throw unknownParameter(other);
    const {first: moment} = readMoment(String(at), currentTime(), 'at');
    return {
      actedOn: type,
      entityId: id,
      at: moment,
      ...(await this.stateAt(tenantId, entity, moment)),
    };
  }

  private async stateAt(
    tenantId: string,
    entity: Condition,
    moment: string,
  ): Promise<EntityState & {truncated: boolean}> {
    const selection = {condition: both(entity, until(moment)), order: NEWEST_FIRST};
    const {entries, more: truncated} = await this.auditLogs.find(tenantId, selection, MOST_ENTRIES);
    return {...entityState(entries.reverse(), !truncated), truncated};
  }

  @get('/audit-logs/{id}/diff', {
    ...SECURED,
    summary: 'What an entry says has changed, as JSON Patch',
    description: 'The patch from before to after, and the one that takes it back (RFC 6902).',
    responses: {
      200: {
        description: 'Both patches',
        content: json({
          type: 'object',
          required: ['forward', 'inverse'],
          properties: {forward: PATCH, inverse: PATCH},
        }),
      },
      ...errors(404, 409),
    },
  })
  async diff(@param.path.string('id') id: string): Promise<StateDiff> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    readFieldsQuery(queryOf(this.context.request));
    const {before, after} = await this.auditLogs.findById(tenantId, id);
    if (before === undefined && after === undefined) {
      const detail = {field: 'id', code: 'NO_STATES', message: 'is an entry without before and after'};
      throw new AuditError('NO_STATES', 'The entry says neither what was before nor what is after.', [
        detail,
      ]);
    }
    return stateDiff(before ?? null, after ?? null);
  }

  @get('/audit-logs/user/{userId}', {
    ...page(
      'What a user did',
      'With onBehalf=others, what the user did for others; with onBehalf=user, what others did for the user.',
    ),
    'x-query': [
      {
        name: 'onBehalf',
        in: 'query',
        schema: {type: 'string', enum: ['others', 'user']},
        description: 'For whom',
      },
      ...SELECTING,
      ...PAGING,
      ORDER,
    ],
  })
  async user(@param.path.string('userId') userId: string): Promise<Partial<AuditEntry>[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    readPattern(userId, 'userId');
    const {onBehalf} = queryOf(this.context.request);
    if (onBehalf === undefined) return this.page(tenantId, byActor(userId));
    if (onBehalf === 'others') return this.page(tenantId, forAnother(userId), ['onBehalf']);
    if (onBehalf === 'user') return this.page(tenantId, onBehalfOf(userId), ['onBehalf']);
    const detail = {field: 'onBehalf', code: 'INVALID_VALUE', message: 'must be others or user'};
    throw new AuditError('INVALID_PARAMETER', 'The query cannot be read: onBehalf must be others or user.', [
      detail,
    ]);
  }

  @get('/audit-logs/user/{userId}/ip-history', {
    ...SECURED,
    summary: 'Where a user acted from',
    description: 'Addresses of the newest 100,000 entries of the user, the one seen last first.',
    'x-query': [
      ...SELECTING,
      {
        name: 'limit',
        in: 'query',
        schema: {type: 'integer', minimum: 1, maximum: MOST_ADDRESSES, default: 100},
        description: 'Addresses at most',
      },
    ],
    responses: {
      200: {
        description: 'The addresses',
        content: json({
          type: 'object',
          required: ['addresses', 'complete'],
          properties: {
            addresses: {
              type: 'array',
              items: {
                type: 'object',
                properties: {ip: TEXT, firstSeen: TIME, lastSeen: TIME, entries: {type: 'integer'}},
              },
            },
            complete: {type: 'boolean', description: 'Whether every entry of the user was looked at'},
          },
        }),
      },
      ...errors(),
    },
  })
  async ipHistory(
    @param.path.string('userId') userId: string,
  ): Promise<{addresses: AddressUse[]; complete: boolean}> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    readPattern(userId, 'userId');
    const query = queryOf(this.context.request);
    const {condition} = readQuery(tenantId, query, {own: ['limit']}).selection;
    const unused = Object.keys(query).find(name => name !== 'limit' && isOfPage(name));
    if (unused !== undefined) throw unknownParameter(unused);
    const limit = query.limit === undefined ? 100 : readWhole(query.limit, 'limit', 1, MOST_ADDRESSES);
    return this.auditLogs.ipHistory(tenantId, both(byActor(userId), condition), limit);
  }

  @get(
    '/audit-logs/request/{requestId}',
    page('Everything about a request', 'Oldest first, unless another order is asked for.'),
  )
  async request(@param.path.string('requestId') requestId: string): Promise<Partial<AuditEntry>[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    return this.page(tenantId, ofRequest(readPattern(requestId, 'requestId')), [], OLDEST_FIRST);
  }

  private page(
    tenantId: string,
    condition: Condition,
    own: readonly string[] = [],
    order = NEWEST_FIRST,
  ): Promise<Partial<AuditEntry>[]> {
    const asked = readPageQuery(tenantId, queryOf(this.context.request), {own, condition, order});
    return entryPage(this.auditLogs, this.context, tenantId, asked);
  }
}
