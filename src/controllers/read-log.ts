import type {RequestContext} from '@loopback/rest';
import {admitOwn} from '../admission/admit';
import type {AuthorizedCaller} from '../identity/caller';
import {PermissionKey} from '../identity/permission';
import {LOG_ACTIONS, type ReadKind} from '../models/read-kind';
import type {AuditTrailRepository} from '../repositories/audit-trail.repository';
import {leafRow} from '../repositories/leaf-row';
import {bearerOf} from './bearer';

/** Characters of a request's query that an entry about it keeps. */
const LONGEST_QUERY = 4_096;

/** What a request reads: `tree` tells of the tree alone and of no entry, and is not recorded. */
export type Reading = ReadKind | 'tree';

/**
 * Records in the trail who reads it. The entry is stored before the answer is made, so that nobody reads what is not told
 * of; where it cannot be stored, nothing is answered. Entries about reading are written past the routes, so that they make
 * no further ones.
 */
export class ReadLog {
  constructor(
    private readonly auditLogs: AuditTrailRepository,
    private readonly kinds: readonly ReadKind[],
  ) {}

  /** @throws AuditError OVERLOADED, DATABASE_UNAVAILABLE where the reading cannot be recorded */
  async record(caller: AuthorizedCaller, context: RequestContext, kind: ReadKind): Promise<void> {
    if (!this.kinds.includes(kind)) return;
    const {method, originalUrl} = context.request;
    const [path = '', query = ''] = originalUrl.split(/\?(.*)/s);
    const entry = {
      action: `${LOG_ACTIONS}${kind}`,
      actedOn: 'audit-log',
      category: 'access',
      method,
      path,
      ...(query && {metadata: {query: query.slice(0, LONGEST_QUERY)}}),
    };
    const {tenantId} = caller;
    await this.auditLogs.createAll(tenantId, [leafRow(admitOwn(entry, bearerOf(caller, context)))]);
  }
}

/** What is read by way of a permission. */
export function readingOf(permission: PermissionKey): Reading | undefined {
  if (permission === PermissionKey.ExportLogs) return 'export';
  return permission === PermissionKey.ViewAudit ? 'view' : undefined;
}
