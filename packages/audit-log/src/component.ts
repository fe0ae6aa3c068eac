import {
  asGlobalInterceptor,
  asLifeCycleObserver,
  Binding,
  BindingScope,
  type Component,
  type Context,
  CoreBindings,
  createBindingFromClass,
  inject,
} from '@loopback/core';
import type {Class, Model} from '@loopback/repository';
import {ApplicationMasks} from './application-masks';
import {AuditLog} from './audit-log.model';
import {auditLogRepositoryBinding} from './audit-log-repository-binding';
import {contextInterceptor} from './context/context-interceptor';
import {defaultSink} from './default-sink';
import {AuditBindings} from './keys';
import {AuditLogger} from './logger/audit-logger';
import {Outboxes} from './outbox/outboxes';
import {ApplicationSink} from './sinks/application-sink';

/**
 * Mounts the companion in a host: the model and repository of audit logs, the logger, the context of requests,
 * the outboxes of its datasources, and the sink of the others.
 */
export class AuditLogComponent implements Component {
  readonly models: Class<Model>[] = [AuditLog];
  readonly bindings: Binding[];

  constructor(@inject(CoreBindings.APPLICATION_INSTANCE) app: Context) {
    this.bindings = [
      auditLogRepositoryBinding(app),
      Binding.bind('audit-log.context').to(contextInterceptor).apply(asGlobalInterceptor('audit-log')),
      createBindingFromClass(AuditLogger, {key: AuditBindings.LOGGER.key}),
      singleton(AuditBindings.SINK.key, defaultSink),
      singleton('audit-log.masks', context => new ApplicationMasks(context)).apply(asLifeCycleObserver),
      singleton('audit-log.outboxes', context => new Outboxes(context)).apply(asLifeCycleObserver),
      singleton('audit-log.application-sink', context => new ApplicationSink(context)).apply(
        asLifeCycleObserver,
      ),
    ].filter(binding => !app.isBound(binding.key));
  }
}

const singleton = <T>(key: string, make: (context: Context) => T | Promise<T>): Binding<T> =>
  Binding.bind<T>(key)
    .toDynamicValue(({context}) => make(context))
    .inScope(BindingScope.SINGLETON);
