import {
  type Binding,
  type Context,
  type ContextEvent,
  type LifeCycleObserver,
  transformValueOrPromise,
  tryCatchFinally,
  type ValueOrPromise,
} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import {auditLogOptions} from '../audit-log-options';
import type {AuditSink} from './audit-sink';
import {Journal} from './journal';
import {sinkOf, useSink} from './sink-of';
import {withDelivery} from './with-delivery';

/** A datasource, and not its configuration or a part of it. */
const DATA_SOURCE = /^datasources\.[^.]+$/;

/**
 * Makes the sink of the application's options that of its datasources: of those that are bound when it starts,
 * and of those that are bound later. A datasource that has a sink, such as its outbox, keeps it.
 */
export class ApplicationSink implements LifeCycleObserver {
  private sink: AuditSink | undefined;
  private journal: Journal | undefined;

  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    const {sink, delivery} = await auditLogOptions(this.context);
    if (!sink) return;
    this.sink = delivery ? withDelivery(sink, delivery) : sink;
    this.context.on('bind', this.hear);
    for (const binding of this.context.find(DATA_SOURCE)) await this.reach(binding);
    if (sink instanceof Journal) {
      this.journal = sink;
      await sink.start();
    }
  }

  async stop(): Promise<void> {
    this.context.removeListener('bind', this.hear);
    await this.journal?.stop();
  }

  /** A binding is heard of before it says what it is bound to. */
  private readonly hear = ({binding}: ContextEvent): void => {
    if (!DATA_SOURCE.test(binding.key)) return;
    if (binding.type !== undefined) setImmediate(() => this.reach(binding));
    else binding.on('changed', ({operation}) => operation === 'value' && this.reach(binding));
  };

  /**
   * Gives a datasource the sink; one that is there already, at once. One that cannot be made has no repositories
   * either: it is told of, and holds up nothing.
   */
  private reach({key}: Readonly<Binding<unknown>>): ValueOrPromise<void> {
    return tryCatchFinally(
      () =>
        transformValueOrPromise(this.context.getValueOrPromise<juggler.DataSource>(key), dataSource => {
          if (this.sink && dataSource && !sinkOf(dataSource)) useSink(dataSource, this.sink);
        }),
      error => process.emitWarning(`Changes on ${key} cannot be recorded: ${error}`),
    );
  }
}
