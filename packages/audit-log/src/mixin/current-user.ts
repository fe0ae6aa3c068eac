import {describeInjectedArguments, describeInjectedProperties, type ResolutionError} from '@loopback/core';
import type {IAuditMixin, User} from '../types';

/**
 * The current user as the repository's getter tells it. Outside of a request nothing is bound to the key of an
 * injected getter that is not optional: that is nobody. What is bound and fails, fails here too.
 */
export async function currentUserOf(repository: IAuditMixin<unknown>): Promise<User | undefined> {
  try {
    return (await repository.getCurrentUser?.()) as User | undefined;
  } catch (error) {
    if (isUnbound(error, repository)) return undefined;
    throw error;
  }
}

/**
 * Whether LoopBack says that a key which the class injects by a getter is bound to nothing; one that only the user's
 * own binding asks for is another matter.
 */
function isUnbound(error: unknown, repository: object): boolean {
  if (!(error instanceof Error && error.name === 'ResolutionError')) return false;
  const {context, binding} = (error as ResolutionError).resolutionCtx;
  if (!binding || context?.isBound(binding.key) !== false) return false;
  const prototype = Object.getPrototypeOf(repository);
  const injections = [
    ...describeInjectedArguments(prototype.constructor),
    ...Object.values(describeInjectedProperties(prototype)),
  ];
  return injections.some(
    injection =>
      injection?.metadata?.decorator === '@inject.getter' &&
      String(injection.bindingSelector).split('#')[0] === binding.key,
  );
}
