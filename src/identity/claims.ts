import {ACTOR_TYPES, type ActorType} from '@loopback-audit/audit-log';
import {checkProperty} from '../admission/check-property';
import {PROPERTY_RULES, TENANT_PATTERN} from '../admission/property-rules';
import {AuditError} from '../errors';
import type {Caller} from './caller';

const invalid = (field: string, message: string) =>
  new AuditError('INVALID_TOKEN', 'The identity cannot be used.', [{field, code: 'INVALID_CLAIM', message}]);

/**
 * The caller that verified claims describe: `sub` or `id`, `tenantId`, `permissions`, `actorType` where the caller is not
 * a user, and `exp`, in seconds.
 *
 * @throws AuditError INVALID_TOKEN where a claim has no use
 */
export function callerFromClaims(claims: Readonly<Record<string, unknown>>): Caller {
  const id = claims.sub ?? claims.id;
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') {
    throw invalid('sub', 'must say who the caller is');
  }
  // The caller is the actor of entries that name none.
  const actor = checkProperty('sub', String(id), PROPERTY_RULES.actor);
  if ('fault' in actor) throw invalid('sub', actor.fault.message);
  const {tenantId, permissions = [], actorType = 'user', exp} = claims;
  const named = tenantId !== undefined && tenantId !== null;
  // A number will do, but a list would be read as its items with commas.
  if (named && (typeof tenantId === 'object' || !TENANT_PATTERN.test(String(tenantId)))) {
    throw invalid('tenantId', 'must be 1 to 128 characters of visible ASCII');
  }
  if (!Array.isArray(permissions)) throw invalid('permissions', 'must be a list');
  if (!ACTOR_TYPES.includes(actorType as ActorType)) {
    throw invalid('actorType', `must be one of ${ACTOR_TYPES.join(', ')}`);
  }
  return {
    id: String(id),
    actorType: actorType as ActorType,
    ...(named && {tenantId: String(tenantId)}),
    permissions,
    ...(typeof exp === 'number' && {expiresAt: exp * 1_000}),
  };
}
