import {type ApplicationConfig, BindingScope} from '@loopback/core';
import {juggler, RepositoryMixin} from '@loopback/repository';
import {RestBindings, SequenceActions} from '@loopback/rest';
import {RestExplorerBindings, RestExplorerComponent} from '@loopback/rest-explorer';
import type {Pool} from 'pg';
import type {Logger} from 'pino';
import {AuditServiceComponent} from './component';
import {AnsweringApplication} from './controllers/answering-application';
import {HealthController} from './controllers/health.controller';
import {tellErrors} from './controllers/told-error';
import {AuditError} from './errors';
import {bearerTokenCaller, type TokenVerification} from './identity/bearer-token';
import type {LogSigner} from './integrity/log-signer';
import {AuditServiceBindings} from './keys';
import {ServiceMetrics} from './observability/metrics';
import {requestLog} from './observability/request-log';
import {serviceLogger} from './observability/service-logger';
import type {Settings} from './settings';
import {AuditDbSourceName, type DatabaseSettings, DEFAULT_AUDIT_SERVICE_OPTIONS} from './types';

/** What the service on its own is made of, once its settings are complete. */
export interface ServiceParts {
  settings: Settings;
  database: DatabaseSettings;
  tokens: TokenVerification;
  /** Who signs checkpoints; without it none is signed. */
  signer?: LogSigner | undefined;
}

/** The service on its own: the component, bearer tokens, the explorer, health and measures. */
export class AuditServiceApplication extends RepositoryMixin(AnsweringApplication) {
  readonly logger: Logger;
  private readonly source: juggler.DataSource;

  constructor({settings, database, tokens, signer}: ServiceParts) {
    super(restOptions(settings), settings.shutdownGraceMs);
    this.logger = serviceLogger(settings.logLevel);
    this.source = auditDb(database, settings.poolMax);
    this.dataSource(this.source, AuditDbSourceName);

    this.bind(AuditServiceBindings.LOGGER).to(this.logger);
    if (signer) this.bind(AuditServiceBindings.SIGNER).to(signer);
    this.bind(AuditServiceBindings.CALLER).to(bearerTokenCaller(tokens));
    this.configure(AuditServiceBindings.COMPONENT).to({
      tenancy: settings.tenancy,
      schema: settings.schema,
      store: settings.store,
      queryTimeoutMs: settings.queryTimeoutMs,
      countIntervalMs: settings.countIntervalMs,
      readsLogged: settings.readsLogged,
      concurrentExports: settings.exportConcurrency,
      archiveWaitMs: settings.archiveWaitMs,
      checkpoints: {
        ...settings.checkpoints,
        witnesses: {
          ...DEFAULT_AUDIT_SERVICE_OPTIONS.checkpoints.witnesses,
          ...settings.checkpoints.witnesses,
        },
      },
      detection: settings.detection,
      streams: settings.streams,
      jobs: {
        run: settings.jobConcurrency > 0,
        concurrency: settings.jobConcurrency,
        leaseMs: settings.jobLeaseMs,
      },
    });
    this.component(AuditServiceComponent);

    const metrics = new ServiceMetrics(() => this.pool.waitingCount);
    this.bind(AuditServiceBindings.METRICS).to(metrics).inScope(BindingScope.SINGLETON);
    this.middleware(requestLog(this.logger, metrics));
    this.middleware(tellErrors);
    this.controller(HealthController);
    this.bind(SequenceActions.LOG_ERROR).to((error, status, request) => {
      const requestId = request.get('x-request-id');
      // What passes by itself is no fault of the service.
      if (status === 503 && error instanceof AuditError)
        this.logger.warn(
          {code: error.code, cause: (error.cause as {code?: unknown} | undefined)?.code, requestId},
          'request turned away',
        );
      else if (status >= 500) this.logger.error({err: error, requestId}, 'request failed');
    });
    this.bind(RestBindings.ERROR_WRITER_OPTIONS).to({safeFields: ['name', 'code', 'message', 'details']});

    this.configure(RestExplorerBindings.COMPONENT).to({path: '/explorer', useSelfHostedSpec: true});
    this.component(RestExplorerComponent);
    this.api({
      openapi: '3.0.0',
      info: {title: 'Audit service', version: '1', description: 'An audit trail for LoopBack 4.'},
      paths: {},
      components: {},
    });
  }

  /** Ends streams first, which would keep requests from coming to their end. */
  override readonly stop = async (): Promise<void> => {
    (await this.get(AuditServiceBindings.LIVE_STREAMS)).stop();
    await super.stop();
  };

  /** Ends every connection to the database, once the server has stopped. */
  async closeDatabase(): Promise<void> {
    await this.pool.end();
  }

  private get pool(): Pool {
    return (this.source.connector as unknown as {pg: Pool}).pg;
  }
}

/** LoopBack's own, and the headers that a page of another origin needs in order to follow the answers. */
const CORS = {
  origin: '*',
  methods: 'GET,HEAD,PUT,PATCH,POST,DELETE',
  preflightContinue: false,
  optionsSuccessStatus: 204,
  maxAge: 86_400,
  credentials: true,
  exposedHeaders: ['Link', 'X-Next-Cursor', 'X-Previous-Cursor', 'X-Request-Id', 'Retry-After'],
};

function restOptions(settings: Settings): ApplicationConfig {
  return {
    shutdown: {signals: []},
    rest: {
      host: settings.host,
      port: settings.port,
      openApiSpec: {setServersFromRequest: true},
      cors: CORS,
      ...(settings.basePath && {basePath: settings.basePath}),
      expressSettings: {
        'x-powered-by': false,
        ...(settings.trustProxy && {'trust proxy': trust(settings.trustProxy)}),
      },
    },
  };
}

const trust = (proxies: string): number | string => (/^\d+$/.test(proxies) ? Number(proxies) : proxies);

const auditDb = ({ssl, ...database}: DatabaseSettings, poolMax: number): juggler.DataSource =>
  new juggler.DataSource(AuditDbSourceName, {
    connector: require('loopback-connector-postgresql'),
    ...database,
    ...(ssl && {ssl: true}),
    max: poolMax,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    lazyConnect: true,
    // A connection that breaks while idle is replaced; its next user is told of a fault that lasts.
    onError: () => {},
  });
