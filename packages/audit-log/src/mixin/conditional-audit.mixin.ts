import type {Constructor} from '@loopback/core';
import type {DefaultCrudRepository, Entity} from '@loopback/repository';
import type {AuditableClass, IAuditMixinOptions} from '../types';
import {AuditRepositoryMixin} from './audit-repository.mixin';

/** {@link AuditRepositoryMixin} where the environment says `ADD_AUDIT_LOG_MIXIN=true`, and the class as it is elsewhere. */
export function ConditionalAuditRepositoryMixin<
  M extends Entity,
  ID,
  Relations extends object = object,
  R extends AuditableClass<M, ID> = Constructor<DefaultCrudRepository<M, ID, Relations>>,
>(superClass: R, options: IAuditMixinOptions = {}): R {
  if (process.env.ADD_AUDIT_LOG_MIXIN !== 'true') return superClass;
  return AuditRepositoryMixin<M, ID, Relations, string, R>(superClass, options);
}
