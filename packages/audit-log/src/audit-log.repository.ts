import {inject} from '@loopback/core';
import {DefaultCrudRepository, type Entity, type juggler} from '@loopback/repository';
import {AuditDbSourceName} from './audit-db';
import {AuditLog} from './audit-log.model';

/** Audit logs in a table of the datasource `AuditDB`, as SourceLoop's hosts keep them. */
export class AuditLogRepository<LogModel extends Entity = AuditLog> extends DefaultCrudRepository<
  LogModel,
  string
> {
  /** @param auditLog the host's own model of audit logs, where it has one */
  constructor(
    @inject(`datasources.${AuditDbSourceName}`) dataSource: juggler.DataSource,
    @inject('models.AuditLog', {optional: true})
    auditLog: typeof Entity & {prototype: LogModel} = AuditLog as unknown as typeof Entity & {
      prototype: LogModel;
    },
  ) {
    super(auditLog, dataSource);
  }
}
