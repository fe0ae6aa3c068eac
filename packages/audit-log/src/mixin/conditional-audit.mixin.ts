import type {Constructor} from '@loopback/core';
import type {DefaultCrudRepository, Entity} from '@loopback/repository';
import type {AuditableClass, IAuditMixinOptions} from '../types';
import {AuditRepositoryMixin} from './audit-repository.mixin';
import type {ChangeRecording} from './told-change';

/**
 * {@link AuditRepositoryMixin} where the environment says `ADD_AUDIT_LOG_MIXIN=true`, and the class as it is
 * elsewhere, with a `recordChange()` that records nothing.
 */
export function ConditionalAuditRepositoryMixin<
  M extends Entity,
  ID,
  Relations extends object = object,
  R extends AuditableClass<M, ID> = Constructor<DefaultCrudRepository<M, ID, Relations>>,
>(superClass: R, options: IAuditMixinOptions = {}): R & Constructor<ChangeRecording<M, ID>> {
  if (process.env.ADD_AUDIT_LOG_MIXIN === 'true') {
    return AuditRepositoryMixin<M, ID, Relations, string, R>(superClass, options);
  }
  class UnrecordedRepository extends superClass implements ChangeRecording<M, ID> {
    async recordChange(): Promise<void> {}
  }
  Object.defineProperty(UnrecordedRepository, 'name', {value: superClass.name});
  return UnrecordedRepository;
}
