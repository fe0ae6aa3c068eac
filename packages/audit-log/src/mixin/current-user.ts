import type {Context, ResolutionError} from '@loopback/core';
import type {IAuditMixin, User} from '../types';

/**
 * The current user as the repository's getter tells it. Outside of a request nothing is bound to the key of an
 * injected getter that is not optional: that is nobody. What is bound and fails, fails here too.
 */
export async function currentUserOf(repository: IAuditMixin<unknown>): Promise<User | undefined> {
  try {
    return (await repository.getCurrentUser?.()) as User | undefined;
  } catch (error) {
    if (isUnbound(error)) return undefined;
    throw error;
  }
}

/**
 * Whether an error says that the very key which was asked for is not bound. One that says so of something which the
 * user's own binding depends on has that binding in its session.
 */
function isUnbound(error: unknown): boolean {
  if (!(error instanceof Error && error.name === 'ResolutionError')) return false;
  const {context, binding, options} = (error as ResolutionError).resolutionCtx;
  const isBound = binding !== undefined && (context as Context | undefined)?.isBound(binding.key);
  return isBound === false && options?.session?.currentBinding === undefined;
}
