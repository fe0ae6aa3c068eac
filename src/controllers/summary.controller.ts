import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, type RequestContext, RestBindings, type SchemaObject} from '@loopback/rest';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import {BUCKETS, DIMENSIONS, type Summary} from '../models/summary';
import {readCondition} from '../query/parameters';
import {MAX_TOP, readSummaryShape, SUMMARY_PARAMETERS} from '../query/summary-query';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import type {Gate} from './gate';
import {ENTRY_REF, errors, json, SECURED, SELECTING} from './openapi';
import {queryOf} from './request-query';

const COUNT: SchemaObject = {type: 'integer', minimum: 0};
const TIME: SchemaObject = {type: 'string', format: 'date-time'};

const BREAKDOWN: SchemaObject = {
  type: 'object',
  required: ['values', 'others'],
  properties: {
    values: {
      type: 'array',
      description: 'The most frequent values; null is that of entries without one',
      items: {
        type: 'object',
        properties: {value: {type: 'string', nullable: true}, entries: COUNT, failures: COUNT},
      },
    },
    others: {type: 'object', properties: {values: COUNT, entries: COUNT}},
  },
};

const SUMMARY: SchemaObject = {
  type: 'object',
  required: ['entries', 'failures', 'first', 'last', 'by', 'histogram', 'recentFailures'],
  properties: {
    entries: COUNT,
    failures: {...COUNT, description: 'Entries whose outcome is not success'},
    first: {...TIME, nullable: true},
    last: {...TIME, nullable: true},
    by: {type: 'object', properties: Object.fromEntries(DIMENSIONS.map(name => [name, BREAKDOWN]))},
    histogram: {
      type: 'array',
      description: 'Buckets that have entries, oldest first',
      items: {type: 'object', properties: {at: TIME, entries: COUNT, failures: COUNT}},
    },
    recentFailures: {type: 'array', items: ENTRY_REF},
  },
};

/** Numbers of entries. */
export class SummaryController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/summary', {
    ...SECURED,
    summary: 'Count entries by everything that they are asked for by',
    description:
      'Exact numbers of the stored entries that are selected. Where times and action, actedOn, outcome, severity, ' +
      'category or serviceName alone select them, they come from counts that are kept ready.',
    'x-query': [
      ...SELECTING,
      {
        name: 'bucket',
        in: 'query',
        schema: {type: 'string', enum: [...BUCKETS], default: 'day'},
        description: 'Length of a bar of the histogram',
      },
      {
        name: 'timeZone',
        in: 'query',
        schema: {type: 'string', default: 'UTC'},
        description: 'Where days begin: an IANA name. Also known as time_zone.',
      },
      {
        name: 'top',
        in: 'query',
        schema: {type: 'integer', minimum: 1, maximum: MAX_TOP, default: 10},
        description: 'Values of each kind at most',
      },
    ],
    responses: {200: {description: 'The numbers', content: json(SUMMARY)}, ...errors()},
  })
  async summary(): Promise<Summary> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const query = queryOf(this.context.request);
    const condition = readCondition(tenantId, query, SUMMARY_PARAMETERS);
    return this.auditLogs.summary(tenantId, condition, readSummaryShape(query));
  }
}
