import type {Entity} from '@loopback/repository';
import type {AuditSink} from '../sinks/audit-sink';
import {repositorySink} from '../sinks/repository-sink';
import {sinkOf} from '../sinks/sink-of';
import type {Auditable, IAuditMixin, RecordingOptions} from '../types';

/** The sink of the mixin, of the datasource, or the repository of audit logs that the class has. */
export function sinkFor<M extends Entity, ID>(
  repository: Auditable<M, ID> & IAuditMixin<unknown>,
  {sink}: RecordingOptions,
): AuditSink {
  const chosen = sink ?? sinkOf(repository.dataSource);
  if (chosen) return chosen;
  const {getAuditLogRepository} = repository;
  if (getAuditLogRepository) return repositorySink(() => getAuditLogRepository.call(repository));
  throw new Error(
    `${repository.constructor.name} has nowhere to record its changes: configure an outbox for its datasource, ` +
      'give the mixin a sink, or the class getAuditLogRepository.',
  );
}
