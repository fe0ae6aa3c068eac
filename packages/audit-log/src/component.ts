import {
  asGlobalInterceptor,
  Binding,
  type Component,
  type Context,
  CoreBindings,
  createBindingFromClass,
  inject,
} from '@loopback/core';
import type {Class, Model, Repository} from '@loopback/repository';
import {AuditLog} from './audit-log.model';
import {AuditLogRepository} from './audit-log.repository';
import {contextInterceptor} from './context/context-interceptor';
import {AuditBindings} from './keys';
import {AuditLogger} from './logger/audit-logger';

/** Mounts the companion in a host: the model and repository of audit logs, the logger, and the context of requests. */
export class AuditLogComponent implements Component {
  readonly models: Class<Model>[] = [AuditLog];
  readonly repositories: Class<Repository<Model>>[] = [AuditLogRepository];
  readonly bindings: Binding[];

  constructor(@inject(CoreBindings.APPLICATION_INSTANCE) app: Context) {
    this.bindings = [
      Binding.bind('audit-log.context').to(contextInterceptor).apply(asGlobalInterceptor('audit-log')),
      createBindingFromClass(AuditLogger, {key: AuditBindings.LOGGER.key}),
    ].filter(binding => !app.isBound(binding.key));
  }
}
