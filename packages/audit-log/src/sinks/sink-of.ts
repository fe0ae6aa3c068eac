import type {juggler} from '@loopback/repository';
import type {AuditSink} from './audit-sink';

const sinks = new WeakMap<juggler.DataSource, AuditSink>();

/** Makes a sink that of every audited repository on a datasource which names none of its own. */
export function useSink(dataSource: juggler.DataSource, sink: AuditSink): void {
  sinks.set(dataSource, sink);
}

/** The sink of a datasource, where it was given one. */
export const sinkOf = (dataSource: juggler.DataSource): AuditSink | undefined => sinks.get(dataSource);
