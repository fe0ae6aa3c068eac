import {inject, lifeCycleObserver} from '@loopback/core';
import {juggler} from '@loopback/repository';
import {AuditDbSourceName} from '@loopback-audit/service';

/** Where the audit trail is kept: the datasource that the audit service asks for by this name. */
@lifeCycleObserver('datasource')
export class AuditDbDataSource extends juggler.DataSource {
  static readonly dataSourceName = AuditDbSourceName;

  constructor(@inject(`datasources.config.${AuditDbSourceName}`) settings: object) {
    // db-migrate looks after its schema; app.migrateSchema() must leave it alone.
    super({...settings, disableMigration: true});
  }
}
