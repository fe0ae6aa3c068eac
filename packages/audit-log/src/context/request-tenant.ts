import type {Context} from '@loopback/core';
import {AuditBindings} from '../keys';
import type {AuditContext} from './audit-context';

/** Where LoopBack and `loopback4-authentication` bind the current user, by name: this package knows neither. */
const CURRENT_USER = ['security.user', 'sf.userAuthentication.currentUser'];

/** The tenant as a context has it; nothing where there is none. */
export const tenantColumn = (tenantId: unknown): Pick<AuditContext, 'tenantId'> =>
  tenantId === undefined || tenantId === null ? {} : {tenantId: String(tenantId)};

/** The tenant of a user, where it names one. */
export const tenantOfUser = (user: unknown): unknown => (user as {tenantId?: unknown} | undefined)?.tenantId;

/** Whose request it is: what the host has bound to {@link AuditBindings.TENANT}, else the current user's tenant. */
export async function requestTenant(context: Context): Promise<Pick<AuditContext, 'tenantId'>> {
  const chosen = await context.get(AuditBindings.TENANT, {optional: true});
  if (chosen !== undefined && chosen !== null) return tenantColumn(chosen);
  for (const key of CURRENT_USER) {
    const tenantId = tenantOfUser(await context.get<object>(key, {optional: true}));
    if (tenantId !== undefined && tenantId !== null) return tenantColumn(tenantId);
  }
  return {};
}
