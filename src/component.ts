import {
  asLifeCycleObserver,
  Binding,
  BindingAddress,
  BindingScope,
  type Component,
  type Context,
  CoreBindings,
  config,
  createBindingFromClass,
  inject,
} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import type {Pool} from 'pg';
import pino from 'pino';
import {readArchive} from './archive/archive-reader';
import {writeArchive} from './archive/archive-writer';
import {createObjectStore} from './archive/create-object-store';
import {keepExport} from './archive/keep-export';
import {ArchiveController} from './controllers/archive.controller';
import {AuditController} from './controllers/audit.controller';
import {ExportController} from './controllers/export.controller';
import {Gate} from './controllers/gate';
import {JobController} from './controllers/job.controller';
import {AuditSpecEnhancer} from './controllers/spec-enhancer';
import {ExportSlots} from './export/export-slots';
import {hostCaller} from './identity/host-caller';
import {archiveJob} from './jobs/archive-job';
import {JobRunner} from './jobs/job-runner';
import {exportJob, queryJob} from './jobs/recall-job';
import {AuditServiceBindings as Keys} from './keys';
import {AuditLog} from './models/audit-log.model';
import {CustomFilter} from './models/custom-filter.model';
import {Job} from './models/job.model';
import {MappingLog} from './models/mapping-log.model';
import {AuditLogRepository} from './repositories/audit-log.repository';
import {Database} from './repositories/database';
import {JobRows} from './repositories/job-rows';
import {AuditDbSourceName, type AuditServiceConfig, type AuditServiceOptions, withDefaults} from './types';

/**
 * The audit service as a part of any LoopBack application. It needs a datasource named `AuditDB` on the
 * PostgreSQL that was migrated, and takes its options by
 * `app.configure(AuditServiceBindings.COMPONENT).to({…})`. A part that the application has bound under its
 * key, before or after, takes the place of the component's own.
 */
export class AuditServiceComponent implements Component {
  readonly models = [AuditLog, MappingLog, Job, CustomFilter];
  readonly controllers = [AuditController, ExportController, ArchiveController, JobController];
  readonly bindings: Binding[];

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) app: Context,
    @config({fromBinding: Keys.COMPONENT}) options: AuditServiceConfig = {},
  ) {
    this.bindings = parts(withDefaults(options)).filter(binding => !app.isBound(binding.key));
  }
}

function parts(options: AuditServiceOptions): Binding[] {
  return [
    Binding.bind(Keys.OPTIONS).to(options),
    singleton(Keys.LOGGER, () => pino({name: 'audit-service'})),
    singleton(Keys.CALLER, () => hostCaller),
    singleton(Keys.GATE, async get => new Gate(await get(Keys.CALLER), options.tenancy)),
    singleton(Keys.DATABASE, async get => {
      const source = await get<juggler.DataSource>(`datasources.${AuditDbSourceName}`);
      return new Database(() => poolOf(source), options.schema);
    }),
    singleton(Keys.OBJECT_STORE, () => createObjectStore(options.store)),
    Binding.bind(Keys.EXPORT_SLOTS).to(new ExportSlots(options.concurrentExports)),
    singleton(Keys.EXPORT_HANDLER, async get => keepExport(await get(Keys.OBJECT_STORE))),
    singleton(Keys.ARCHIVE_WRITER, () => writeArchive),
    singleton(Keys.ARCHIVE_READER, () => readArchive),
    singleton(
      `repositories.${AuditLogRepository.name}`,
      async get => new AuditLogRepository(await get(Keys.DATABASE), options),
    ).tag('repository'),
    singleton(Keys.JOB_ROWS, async get => new JobRows(await get(Keys.DATABASE))),
    singleton(Keys.JOB_RUNNER, get => jobRunner(get, options)).apply(asLifeCycleObserver),
    createBindingFromClass(AuditSpecEnhancer),
  ];
}

/** Resolves a part; one that may be missing is asked for with `{optional: true}`. */
type Get = {
  <T>(key: BindingAddress<T>): Promise<T>;
  <T>(key: BindingAddress<T>, options: {optional: true}): Promise<T | undefined>;
};

const singleton = <T>(key: BindingAddress<T>, make: (get: Get) => T | Promise<T>): Binding<T> =>
  Binding.bind<T>(key)
    .toDynamicValue(({context}) => make(context.get.bind(context) as Get))
    .inScope(BindingScope.SINGLETON);

/** The connections of a datasource on `loopback-connector-postgresql`. */
async function poolOf(source: juggler.DataSource): Promise<Pool> {
  const pool = (source.connector as {pg?: Pool} | undefined)?.pg;
  if (pool) return pool;
  await source.connect();
  return (source.connector as unknown as {pg: Pool}).pg;
}

async function jobRunner(get: Get, options: AuditServiceOptions): Promise<JobRunner> {
  const shared = {
    database: await get(Keys.DATABASE),
    store: await get(Keys.OBJECT_STORE),
    read: await get(Keys.ARCHIVE_READER),
  };
  const recall = {
    ...shared,
    handle: await get(Keys.EXPORT_HANDLER),
    columns: await get(Keys.COLUMN_BUILDER, {optional: true}),
  };
  const auditLogs = await get<AuditLogRepository>(`repositories.${AuditLogRepository.name}`);
  const works = {
    ARCHIVE: archiveJob({...shared, auditLogs, write: await get(Keys.ARCHIVE_WRITER)}),
    QUERY: queryJob(recall),
    EXPORT: exportJob(recall),
  };
  return new JobRunner(await get(Keys.JOB_ROWS), works, options.jobs, await get(Keys.LOGGER));
}
