import type {RequestContext} from '@loopback/rest';
import type {ActorType} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import {isGranted, PermissionKey} from './permission';

/** Who makes a request. */
export interface Caller {
  id: string;
  actorType: ActorType;
  /** Absent where the caller belongs to no tenant; such a caller reaches no trail but a single tenant's. */
  tenantId?: string;
  permissions: readonly unknown[];
  /** When the caller must prove anew who it is, in milliseconds since 1970; what goes on for longer ends then. */
  expiresAt?: number;
}

/**
 * Finds out who makes a request.
 *
 * @throws AuditError UNAUTHENTICATED, INVALID_TOKEN, TOKEN_EXPIRED, IDENTITY_UNAVAILABLE
 */
export type CallerResolver = (context: RequestContext) => Promise<Caller>;

/** Whether there are many tenants, or one that every caller belongs to. */
export type Tenancy = {mode: 'multi'} | {mode: 'single'; tenantId: string};

/** A caller who was found to have a permission, and whose trail it is for. */
export interface AuthorizedCaller extends Caller {
  tenantId: string;
}

/** @throws AuditError FORBIDDEN where the permission or the tenant is missing */
export function authorize(caller: Caller, needed: PermissionKey, tenancy: Tenancy): AuthorizedCaller {
  if (!isGranted(caller.permissions, needed)) {
    const name = Object.entries(PermissionKey).find(([, key]) => key === needed)?.[0];
    const detail = {field: 'permissions', code: 'FORBIDDEN', message: `lack ${name} (${needed})`};
    throw new AuditError('FORBIDDEN', `This needs the permission ${name}.`, [detail]);
  }
  const tenantId = tenancy.mode === 'single' ? tenancy.tenantId : caller.tenantId;
  if (tenantId === undefined) {
    const detail = {field: 'tenantId', code: 'REQUIRED', message: 'is missing in the token'};
    throw new AuditError('FORBIDDEN', 'The caller belongs to no tenant.', [detail]);
  }
  return {...caller, tenantId};
}
