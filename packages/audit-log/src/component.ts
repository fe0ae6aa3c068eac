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
  type LifeCycleObserver,
} from '@loopback/core';
import type {Class, juggler, Model, Repository} from '@loopback/repository';
import {AuditLog} from './audit-log.model';
import {AuditLogRepository} from './audit-log.repository';
import {contextInterceptor} from './context/context-interceptor';
import {AuditBindings} from './keys';
import {AuditLogger} from './logger/audit-logger';
import {forwardTo} from './outbox/forward-to';
import {OutboxRelay} from './outbox/outbox-relay';
import {outboxOf, outboxSink} from './outbox/outbox-sink';
import {createOutbox} from './outbox/outbox-table';
import type {AuditSink} from './sinks/audit-sink';
import {Journal} from './sinks/journal';
import {repositorySink} from './sinks/repository-sink';
import {useSink} from './sinks/sink-of';

/** Options of the companion: `app.configure(AuditBindings.COMPONENT).to({…})`. */
export interface AuditLogOptions {
  /** Names of the datasources, on PostgreSQL, whose repositories record into an outbox beside their entities. */
  outbox?: readonly string[];
  /** Makes the outbox at the start where it is missing; by default it does. */
  createOutbox?: boolean;
  /** Where a relay of this process takes what is in the outboxes; without it a relay elsewhere does. */
  relayTo?: AuditSink;
  /** Where everything else goes; by default the repository of audit logs on the datasource `AuditDB`. */
  sink?: AuditSink;
  /** Told of what a relay failed to do and will try again. */
  onRelayError?: (error: unknown) => void;
}

/**
 * Mounts the companion in a host: the model and repository of audit logs, the logger, the context of requests,
 * and the outboxes of its datasources.
 */
export class AuditLogComponent implements Component {
  readonly models: Class<Model>[] = [AuditLog];
  readonly repositories: Class<Repository<Model>>[] = [AuditLogRepository];
  readonly bindings: Binding[];

  constructor(@inject(CoreBindings.APPLICATION_INSTANCE) app: Context) {
    this.bindings = [
      Binding.bind('audit-log.context').to(contextInterceptor).apply(asGlobalInterceptor('audit-log')),
      createBindingFromClass(AuditLogger, {key: AuditBindings.LOGGER.key}),
      Binding.bind(AuditBindings.SINK)
        .toDynamicValue(({context}) => defaultSink(context))
        .inScope(BindingScope.SINGLETON),
      Binding.bind('audit-log.outboxes')
        .toDynamicValue(({context}) => new Outboxes(context))
        .inScope(BindingScope.SINGLETON)
        .apply(asLifeCycleObserver),
    ].filter(binding => !app.isBound(binding.key));
  }
}

const optionsOf = async (context: Context): Promise<AuditLogOptions> =>
  (await context.getConfig<AuditLogOptions>(AuditBindings.COMPONENT)) ?? {};

const dataSourceOf = (context: Context, name: string) =>
  context.get<juggler.DataSource>(`datasources.${name.replace(/^datasources\./, '')}`);

async function defaultSink(context: Context): Promise<AuditSink> {
  const {sink, outbox = []} = await optionsOf(context);
  if (sink) return sink;
  const [first] = outbox;
  if (first !== undefined) return outboxOf(await dataSourceOf(context, first));
  return repositorySink(() => context.get<AuditLogRepository>(`repositories.${AuditLogRepository.name}`));
}

/** Opens the outboxes when the application starts, and runs their relays. */
class Outboxes implements LifeCycleObserver {
  private relays: OutboxRelay[] = [];
  private journal: Journal | undefined;

  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    const {
      outbox = [],
      createOutbox: wanted = true,
      relayTo,
      sink,
      onRelayError,
    } = await optionsOf(this.context);
    for (const name of outbox) {
      const dataSource = await dataSourceOf(this.context, name);
      if (wanted) await createOutbox(dataSource);
      useSink(dataSource, outboxSink);
      if (relayTo) {
        const forward = forwardTo(relayTo);
        this.relays.push(
          new OutboxRelay({dataSource, forward, ...(onRelayError && {onError: onRelayError})}),
        );
      }
    }
    for (const relay of this.relays) relay.start();
    if (sink instanceof Journal) {
      this.journal = sink;
      await sink.start();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.relays.splice(0).map(relay => relay.stop()));
    await this.journal?.stop();
  }
}
