import {currentContext} from '../context/audit-context';
import type {ActorId, AuditOptions, ExtraColumns, User} from '../types';

type ActorColumns = Pick<ExtraColumns, 'actorType' | 'actorName' | 'actorEmail'> & {actor: string};

/** Who acts: the one whom the call names, the current user, whoever the context knows, or the system. */
export function actorOf(
  user: User | undefined,
  key: ActorId = 'id',
  {actorId}: AuditOptions = {},
): ActorColumns {
  const context = currentContext();
  const named = actorId ?? (user && idOfUser(user, key));
  if (named !== undefined) {
    return {
      actor: String(named),
      actorType: context.actorType ?? 'user',
      ...(actorId === undefined && user?.username && {actorName: user.username}),
      ...(actorId === undefined && user?.email && {actorEmail: user.email}),
    };
  }
  return context.actor === undefined
    ? {actor: 'system', actorType: 'system'}
    : {actor: context.actor, actorType: context.actorType ?? 'user'};
}

/**
 * What identifies a user: the property that the repository names, or LoopBack's own security id.
 *
 * @throws Error where there is a user and nothing tells which: the system it was not
 */
function idOfUser(user: User, key: ActorId): string | number {
  const id = user[key] ?? securityIdOf(user);
  if (id !== undefined && id !== null) return id as string | number;
  throw new Error(`The current user has no ${key}: the audit trail could not say who made the change.`);
}

/** Of LoopBack's UserProfile, whose key is a symbol of @loopback/security. */
function securityIdOf(user: object): unknown {
  const symbol = Object.getOwnPropertySymbols(user).find(each => each.description === 'securityId');
  return symbol && (user as Record<symbol, unknown>)[symbol];
}
