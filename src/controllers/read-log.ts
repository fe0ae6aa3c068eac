import type {RequestContext} from '@loopback/rest';
import {admit} from '../admission/admit';
import type {AuthorizedCaller} from '../identity/caller';
import {PermissionKey} from '../identity/permission';
import type {ReadKind} from '../models/read-kind';
import type {AuditTrailRepository} from '../repositories/audit-trail.repository';
import {leafRow} from '../repositories/leaf-row';
import {bearerOf} from './bearer';

/** Characters of a request's query that an entry about it keeps. */
const LONGEST_QUERY = 4_096;

/** What tells of the tree alone, and of no entry. */
const OF_THE_TREE = /\/audit-logs\/(?:checkpoint|consistency|tile|keys)(?:\/|$)/;

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
  async record(caller: AuthorizedCaller, context: RequestContext, permission: PermissionKey): Promise<void> {
    const {method, originalUrl} = context.request;
    const [path = '', query = ''] = originalUrl.split(/\?(.*)/s);
    const kind = kindOf(permission, path);
    if (!kind || !this.kinds.includes(kind)) return;
    const entry = {
      action: `audit.log.${kind}`,
      actedOn: 'audit-log',
      category: 'access',
      method,
      path,
      ...(query && {metadata: {query: query.slice(0, LONGEST_QUERY)}}),
    };
    const {tenantId} = caller;
    await this.auditLogs.createAll(tenantId, [leafRow(admit(entry, bearerOf(caller, context)))]);
  }
}

function kindOf(permission: PermissionKey, path: string): ReadKind | undefined {
  if (permission === PermissionKey.ExportLogs) return 'export';
  if (permission !== PermissionKey.ViewAudit || OF_THE_TREE.test(path)) return undefined;
  return path.endsWith('/proof') ? 'prove' : 'view';
}
