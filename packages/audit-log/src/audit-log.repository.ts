import {inject} from '@loopback/core';
import {
  type DataObject,
  DefaultCrudRepository,
  type Entity,
  type Filter,
  type FilterExcludingWhere,
  type juggler,
  type Options,
} from '@loopback/repository';
import {AuditDbSourceName} from './audit-db';
import {AuditLog} from './audit-log.model';
import {fitToTable, leaveToMigrations} from './audit-log-table';

/**
 * Audit logs in a table of the datasource `AuditDB`, as SourceLoop's hosts keep them. On PostgreSQL the table may
 * lack columns of the model: what would go there is not kept. `migrateSchema()` leaves it as it is.
 */
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
    if (auditLog.modelName === AuditLog.modelName) leaveToMigrations(dataSource, auditLog.modelName);
  }

  override async create(entity: DataObject<LogModel>, options?: Options): Promise<LogModel> {
    await this.fit(options);
    return super.create(entity, options);
  }

  override async createAll(entities: DataObject<LogModel>[], options?: Options): Promise<LogModel[]> {
    await this.fit(options);
    return super.createAll(entities, options);
  }

  override async find(filter?: Filter<LogModel>, options?: Options): Promise<LogModel[]> {
    await this.fit(options);
    return super.find(filter, options);
  }

  override async findOne(filter?: Filter<LogModel>, options?: Options): Promise<LogModel | null> {
    await this.fit(options);
    return super.findOne(filter, options);
  }

  override async findById(
    id: string,
    filter?: FilterExcludingWhere<LogModel>,
    options?: Options,
  ): Promise<LogModel> {
    await this.fit(options);
    return super.findById(id, filter, options);
  }

  private fit(options?: Options): Promise<void> {
    return fitToTable(this.dataSource, this.entityClass.modelName, options);
  }
}
