import {type Binding, type Context, createBindingFromClass} from '@loopback/core';
import {RepositoryTags} from '@loopback/repository';
import {AuditDbSourceName} from './audit-db';
import {AuditLogRepository} from './audit-log.repository';

/**
 * The binding of the repository of audit logs. `migrateSchema()` makes every repository of the application, so it
 * counts as one only when its datasource is there: hosts that record elsewhere have none.
 */
export function auditLogRepositoryBinding(app: Context): Binding<AuditLogRepository> {
  const binding = createBindingFromClass<AuditLogRepository>(AuditLogRepository, {
    key: `repositories.${AuditLogRepository.name}`,
  });
  const dataSource = `datasources.${AuditDbSourceName}`;
  if (app.isBound(dataSource)) return binding.tag(RepositoryTags.REPOSITORY);
  app.on('bind', ({binding: {key}}) => {
    if (key === dataSource) binding.tag(RepositoryTags.REPOSITORY);
  });
  return binding;
}
