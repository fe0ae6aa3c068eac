import {
  AuthenticationBindings,
  AuthenticationComponent,
  registerAuthenticationStrategy,
} from '@loopback/authentication';
import {BootMixin} from '@loopback/boot';
import {RepositoryMixin} from '@loopback/repository';
import {RestApplication} from '@loopback/rest';
import {AuditBindings, AuditLogComponent} from '@loopback-audit/audit-log';
import {
  AuditDbSourceName,
  AuditServiceBindings,
  AuditServiceComponent,
  type AuditServiceConfig,
  type DatabaseSettings,
} from '@loopback-audit/service';
import {exportColumns} from './audit/export-columns';
import {exportToFolder} from './audit/export-to-folder';
import {API_KEYS, type ApiKey} from './authentication/api-key';
import {ApiKeyStrategy} from './authentication/api-key.strategy';
import {ShopDataSource} from './datasources/shop.datasource';

export interface ShopSettings {
  host?: string;
  port: number;
  /** One PostgreSQL for products and audit trail, through a datasource each. */
  database: DatabaseSettings;
  apiKeys: readonly ApiKey[];
  /** Where exported workbooks are put. */
  exportFolder: string;
  audit?: AuditServiceConfig;
}

/** A shop with a domain, an authentication and a base path of its own, and the audit service mounted in it. */
export class ShopApplication extends BootMixin(RepositoryMixin(RestApplication)) {
  constructor({host = '127.0.0.1', port, database, apiKeys, exportFolder, audit = {}}: ShopSettings) {
    super({shutdown: {signals: []}, rest: {host, port, basePath: '/api', gracePeriodForClose: 5_000}});
    this.projectRoot = __dirname;

    const {ssl, ...connection} = database;
    // Without onError a connection that breaks while idle, as when PostgreSQL is restarted, ends the process.
    const postgresql = {
      connector: 'postgresql',
      ...connection,
      ...(ssl && {ssl: true}),
      onError: 'ignore',
    };
    this.bind('datasources.config.shop').to(postgresql);
    this.bind(`datasources.config.${AuditDbSourceName}`).to(postgresql);

    // Every route is authenticated by the shop's own strategy, those of the audit service too.
    this.bind(API_KEYS).to(apiKeys);
    this.configure(AuthenticationBindings.COMPONENT).to({
      defaultMetadata: [{strategy: ApiKeyStrategy.strategyName}],
    });
    this.component(AuthenticationComponent);
    registerAuthenticationStrategy(this, ApiKeyStrategy);

    // Changes of the shop's repositories go into an outbox beside its tables, and from there into the trail.
    this.configure(AuditBindings.COMPONENT).to({outbox: [ShopDataSource.dataSourceName]});
    this.component(AuditLogComponent);
    this.configure(AuditServiceBindings.COMPONENT).to({outboxes: [ShopDataSource.dataSourceName], ...audit});
    this.bind(AuditServiceBindings.COLUMN_BUILDER).to(exportColumns);
    this.bind(AuditServiceBindings.EXPORT_HANDLER).to(exportToFolder(exportFolder));
    this.component(AuditServiceComponent);

    this.api({
      openapi: '3.0.0',
      info: {title: 'Shop', version: '1'},
      servers: [{url: '/'}],
      paths: {},
      components: {securitySchemes: {bearerAuth: {type: 'http', scheme: 'bearer'}}},
    });
  }
}
