import {inject} from '@loopback/core';
import {DefaultCrudRepository, type juggler} from '@loopback/repository';
import {AuditDbSourceName} from './audit-db';
import {AuditLog} from './audit-log.model';

/** Audit logs in a table of the datasource `AuditDB`, as SourceLoop's hosts keep them. */
export class AuditLogRepository extends DefaultCrudRepository<AuditLog, typeof AuditLog.prototype.id> {
  constructor(@inject(`datasources.${AuditDbSourceName}`) dataSource: juggler.DataSource) {
    super(AuditLog, dataSource);
  }
}
