import type {Context} from '@loopback/core';
import {AuditLogRepository} from './audit-log.repository';
import {auditLogOptions} from './audit-log-options';
import {outboxOf} from './outbox/outbox-sink';
import {outboxSources} from './outbox/outboxes';
import type {AuditSink} from './sinks/audit-sink';
import {repositorySink} from './sinks/repository-sink';

/** Where the logger's entries go: to the sink of the options, into an outbox, or to the repository of audit logs. */
export async function defaultSink(context: Context): Promise<AuditSink> {
  const options = await auditLogOptions(context);
  if (options.sink) return options.sink;
  const [first, ...more] = await outboxSources(context, options);
  if (first) return outboxOf(first, ...more);
  return repositorySink(() => context.get<AuditLogRepository>(`repositories.${AuditLogRepository.name}`));
}
