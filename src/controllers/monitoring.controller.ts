import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, type OperationObject, type RequestContext, RestBindings} from '@loopback/rest';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import {type Condition, EVERYTHING} from '../models/condition';
import {CRITICAL, FAILED_AUTHENTICATION} from '../query/named-conditions';
import {readPageQuery} from '../query/parameters';
import {AuditTrailRepository} from '../repositories/audit-trail.repository';
import {entryPage} from './entry-pages';
import type {Gate} from './gate';
import {ENTRY_PAGE, errors, ORDER, PAGING, SECURED, SELECTING} from './openapi';
import {queryOf} from './request-query';

const page = (summary: string): OperationObject => ({
  ...SECURED,
  summary,
  description: 'Newest first, unless another order is asked for; every parameter of a search narrows it.',
  'x-query': [...SELECTING, ...PAGING, ORDER],
  responses: {200: ENTRY_PAGE, ...errors()},
});

/** What a security team looks at first. */
export class MonitoringController {
  constructor(
    @repository(AuditTrailRepository) private readonly auditLogs: AuditTrailRepository,
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/recent', page('What happened last'))
  recent(): Promise<Partial<AuditEntry>[]> {
    return this.page(EVERYTHING);
  }

  @get('/audit-logs/critical', page('What is critical'))
  critical(): Promise<Partial<AuditEntry>[]> {
    return this.page(CRITICAL);
  }

  @get('/audit-logs/failed-auth', page('Attempts to prove who one is that failed'))
  failedAuth(): Promise<Partial<AuditEntry>[]> {
    return this.page(FAILED_AUTHENTICATION);
  }

  private async page(condition: Condition): Promise<Partial<AuditEntry>[]> {
    const {tenantId} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const asked = readPageQuery(tenantId, queryOf(this.context.request), {condition});
    return entryPage(this.auditLogs, this.context, tenantId, asked);
  }
}
