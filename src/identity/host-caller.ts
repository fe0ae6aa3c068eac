import type {RequestContext} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import {AuditError} from '../errors';
import type {Caller} from './caller';
import {callerFromClaims} from './claims';

/**
 * The caller as the host application has authenticated it: LoopBack's user profile of the request, with
 * `tenantId` and `permissions` among its properties.
 *
 * @throws AuditError UNAUTHENTICATED where the host has authenticated nobody
 */
export async function hostCaller(context: RequestContext): Promise<Caller> {
  const profile = await context.get(SecurityBindings.USER, {optional: true});
  if (!profile) throw new AuditError('UNAUTHENTICATED', 'Authenticate first.');
  return callerFromClaims({...profile, sub: profile[securityId] || profile.id});
}
