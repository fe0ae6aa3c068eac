import {
  asGlobalInterceptor,
  asLifeCycleObserver,
  Binding,
  BindingAddress,
  BindingKey,
  BindingScope,
  type Component,
  type Context,
  CoreBindings,
  CoreTags,
  createBindingFromClass,
  inject,
  type LifeCycleObserver,
} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import {AuditLog} from '@loopback-audit/audit-log';
import type {Pool} from 'pg';
import {readArchive} from './archive/archive-reader';
import {writeArchive} from './archive/archive-writer';
import {createObjectStore} from './archive/create-object-store';
import {keepExport} from './archive/keep-export';
import {AlertController} from './controllers/alert.controller';
import {ArchiveController} from './controllers/archive.controller';
import {AuditController} from './controllers/audit.controller';
import {DetectionRuleController} from './controllers/detection-rule.controller';
import {ErasureController} from './controllers/erasure.controller';
import {ExportController} from './controllers/export.controller';
import {Gate} from './controllers/gate';
import {HistoryController} from './controllers/history.controller';
import {JobController} from './controllers/job.controller';
import {MonitoringController} from './controllers/monitoring.controller';
import {ProofController} from './controllers/proof.controller';
import {ReadLog} from './controllers/read-log';
import {retryAfter} from './controllers/retry-after';
import {AuditSpecEnhancer} from './controllers/spec-enhancer';
import {StreamController} from './controllers/stream.controller';
import {SummaryController} from './controllers/summary.controller';
import {tileRoutes} from './controllers/tile-routes';
import {defaultRules} from './detection/default-rules';
import {Detector} from './detection/detector';
import {ExportSlots} from './export/export-slots';
import {hostCaller} from './identity/host-caller';
import {parseWitnessKey} from './integrity/cosignature';
import {archiveJob} from './jobs/archive-job';
import {CheckpointPublisher} from './jobs/checkpoint-publisher';
import {DetectionRunner} from './jobs/detection-runner';
import {EntryCounter} from './jobs/entry-counter';
import {eraseJob} from './jobs/erase-job';
import {JobRunner} from './jobs/job-runner';
import {OutboxRelays} from './jobs/outbox-relays';
import {PartitionKeeper} from './jobs/partition-keeper';
import {exportJob, queryJob} from './jobs/recall-job';
import {TreeSweep} from './jobs/tree-sweep';
import {AuditServiceBindings as Keys} from './keys';
import {EntryFeed} from './live/entry-feed';
import {LiveStreams} from './live/live-streams';
import {TreeWatch} from './live/tree-watch';
import {Alert} from './models/alert.model';
import {CustomFilter} from './models/custom-filter.model';
import {Job} from './models/job.model';
import {MappingLog} from './models/mapping-log.model';
import {serviceLogger} from './observability/service-logger';
import {AuditTrailRepository} from './repositories/audit-trail.repository';
import {Database} from './repositories/database';
import {HistoryGuard} from './repositories/history-guard';
import {JobRows} from './repositories/job-rows';
import {KeyHistory} from './repositories/key-history';
import {OwnNotes} from './repositories/own-notes';
import {relayIntoTrail} from './repositories/relay-entries';
import {TransparencyLog} from './repositories/transparency-log';
import {AuditDbSourceName, type AuditServiceConfig, type AuditServiceOptions, withDefaults} from './types';
import {CheckpointFile} from './witness/checkpoint-file';
import type {CheckpointLog} from './witness/checkpoint-log';
import {CheckpointObjects} from './witness/checkpoint-objects';
import {PacedNotes} from './witness/paced-notes';
import {WitnessClient} from './witness/witness-client';

/**
 * The audit service as a part of any LoopBack application. It needs a datasource named `AuditDB` on the
 * PostgreSQL that was migrated, and takes its options by
 * `app.configure(AuditServiceBindings.COMPONENT).to({…})`. A part that the application has bound under its
 * key, before or after, takes the place of the component's own.
 */
export class AuditServiceComponent implements Component {
  readonly models = [AuditLog, MappingLog, Job, CustomFilter, Alert];
  readonly controllers = [
    AuditController,
    ExportController,
    ArchiveController,
    ErasureController,
    JobController,
    ProofController,
    SummaryController,
    HistoryController,
    MonitoringController,
    AlertController,
    DetectionRuleController,
    StreamController,
  ];
  readonly bindings: Binding[];

  constructor(@inject(CoreBindings.APPLICATION_INSTANCE) app: Context) {
    this.bindings = parts().filter(binding => !app.isBound(binding.key));
  }
}

/**
 * Groups stop in the reverse order of their names: what is being written is stored, then jobs are given back and what
 * has grown is signed, then datasources are disconnected.
 */
const WRITERS = 'writers';
const WORKERS = 'workers';
/** LoopBack's own group, the first to stop: its servers wait for the requests that they have accepted. */
const SERVERS = 'server';

const TREE_WATCH = BindingKey.create<TreeWatch>('audit-service.tree-watch');

function parts(): Binding[] {
  return [
    Binding.bind(Keys.OPTIONS)
      .toDynamicValue(({context}) => optionsOf(context))
      .inScope(BindingScope.SINGLETON),
    singleton(Keys.LOGGER, () => serviceLogger()),
    singleton(Keys.CALLER, () => hostCaller),
    singleton(Keys.GATE, async get => {
      const {tenancy, readsLogged} = await get(Keys.OPTIONS);
      const auditLogs = await get<AuditTrailRepository>(`repositories.${AuditTrailRepository.name}`);
      return new Gate(await get(Keys.CALLER), tenancy, new ReadLog(auditLogs, readsLogged));
    }),
    singleton(Keys.DATABASE, async get => {
      const source = await get<juggler.DataSource>(`datasources.${AuditDbSourceName}`);
      return new Database(() => poolOf(source), (await get(Keys.OPTIONS)).schema);
    }),
    singleton(Keys.OBJECT_STORE, async get => createObjectStore((await get(Keys.OPTIONS)).store)),
    singleton(Keys.EXPORT_SLOTS, async get => new ExportSlots((await get(Keys.OPTIONS)).concurrentExports)),
    singleton(Keys.EXPORT_HANDLER, async get => keepExport(await get(Keys.OBJECT_STORE))),
    singleton(Keys.ARCHIVE_WRITER, () => writeArchive),
    singleton(Keys.ARCHIVE_READER, () => readArchive),
    singleton(
      `repositories.${AuditTrailRepository.name}`,
      async get => new AuditTrailRepository(await get(Keys.DATABASE), await get(Keys.OPTIONS)),
    ).tag('repository'),
    singleton(Keys.CHECKPOINT_LOG, checkpointLog),
    singleton(Keys.HISTORY_GUARD, historyGuard),
    singleton(Keys.LOG, async get => {
      const signer = await get(Keys.SIGNER, {optional: true});
      return new TransparencyLog(await get(Keys.DATABASE), signer, await get(Keys.HISTORY_GUARD));
    }),
    ...tileRoutes(),
    singleton(Keys.JOB_ROWS, async get => new JobRows(await get(Keys.DATABASE))),
    observer(WORKERS, Keys.JOB_RUNNER, jobRunner),
    observer(WORKERS, 'audit-service.outbox-relays', outboxRelays),
    observer(WORKERS, 'audit-service.checkpoint-publisher', checkpointPublisher),
    observer(
      WORKERS,
      'audit-service.partition-keeper',
      async get => new PartitionKeeper(await get(Keys.DATABASE), await get(Keys.LOGGER)),
    ),
    observer(WORKERS, 'audit-service.entry-counter', async get => {
      const {countIntervalMs} = await get(Keys.OPTIONS);
      return new EntryCounter(await get(Keys.DATABASE), countIntervalMs, await get(Keys.LOGGER));
    }),
    singleton(Keys.DETECTION_RULES, () => defaultRules()),
    singleton(Keys.DETECTOR, detector),
    observer(WORKERS, 'audit-service.detection-runner', async get => {
      const parts = {database: await get(Keys.DATABASE), detector: await get(Keys.DETECTOR)};
      const {detection} = await get(Keys.OPTIONS);
      return new DetectionRunner({...parts, logger: await get(Keys.LOGGER)}, detection);
    }),
    observer(WORKERS, TREE_WATCH, async get => {
      const {pollMs} = (await get(Keys.OPTIONS)).streams;
      return new TreeWatch(await get(Keys.DATABASE), pollMs, await get(Keys.LOGGER));
    }),
    singleton(Keys.ENTRY_FEED, async get => {
      const {streams, queryTimeoutMs} = await get(Keys.OPTIONS);
      const parts = {database: await get(Keys.DATABASE), watch: await get(TREE_WATCH)};
      return new EntryFeed(
        {...parts, logger: await get(Keys.LOGGER)},
        {heartbeatMs: streams.heartbeatMs, queryTimeoutMs},
      );
    }),
    observer(SERVERS, Keys.LIVE_STREAMS, async get => {
      const metrics = await get(Keys.METRICS, {optional: true});
      return new LiveStreams((await get(Keys.OPTIONS)).streams, open => metrics?.setStreams(open));
    }),
    observer(WRITERS, 'audit-service.drain', async get => {
      const auditLogs = await get<AuditTrailRepository>(`repositories.${AuditTrailRepository.name}`);
      return {stop: () => auditLogs.drained()};
    }),
    createBindingFromClass(AuditSpecEnhancer),
    Binding.bind('audit-service.retry-after').to(retryAfter).apply(asGlobalInterceptor('audit-service')),
  ];
}

/** The options as they are when the first part asks for them, so that they may be given after the component. */
const optionsOf = async (context: Context): Promise<AuditServiceOptions> =>
  withDefaults((await context.getConfig<AuditServiceConfig>(Keys.COMPONENT)) ?? {});

/** Resolves a part; one that may be missing is asked for with `{optional: true}`. */
type Get = {
  <T>(key: BindingAddress<T>): Promise<T>;
  <T>(key: BindingAddress<T>, options: {optional: true}): Promise<T | undefined>;
};

const singleton = <T>(key: BindingAddress<T>, make: (get: Get) => T | Promise<T>): Binding<T> =>
  Binding.bind<T>(key)
    .toDynamicValue(({context}) => make(context.get.bind(context) as Get))
    .inScope(BindingScope.SINGLETON);

/** A part that lives from the start of the application to its stop. */
const observer = <T extends LifeCycleObserver>(
  group: string,
  key: BindingAddress<T>,
  make: (get: Get) => T | Promise<T>,
): Binding<T> =>
  singleton(key, make)
    .apply(asLifeCycleObserver)
    .tag({[CoreTags.LIFE_CYCLE_OBSERVER_GROUP]: group});

/** The connections of a datasource on `loopback-connector-postgresql`. */
async function poolOf(source: juggler.DataSource): Promise<Pool> {
  const connected = (source.connector as {pg?: Pool} | undefined)?.pg;
  if (!connected) await source.connect();
  const {pg: pool} = source.connector as unknown as {pg: Pool};
  // A connection that breaks while idle is replaced; unheard, its error would end the host's process.
  if (pool.listenerCount('error') === 0) pool.on('error', () => {});
  return pool;
}

async function jobRunner(get: Get): Promise<JobRunner> {
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
  const auditLogs = await get<AuditTrailRepository>(`repositories.${AuditTrailRepository.name}`);
  const write = await get(Keys.ARCHIVE_WRITER);
  const works = {
    ARCHIVE: archiveJob({...shared, auditLogs, write}),
    ERASE: eraseJob({...shared, write}),
    QUERY: queryJob(recall),
    EXPORT: exportJob(recall),
  };
  const {jobs} = await get(Keys.OPTIONS);
  return new JobRunner(await get(Keys.JOB_ROWS), works, jobs, await get(Keys.LOGGER));
}

async function detector(get: Get): Promise<Detector> {
  const metrics = await get(Keys.METRICS, {optional: true});
  return new Detector({
    database: await get(Keys.DATABASE),
    rules: await get(Keys.DETECTION_RULES),
    logger: await get(Keys.LOGGER),
    onAlert: level => metrics?.countAlert(level),
  });
}

async function outboxRelays(get: Get): Promise<OutboxRelays> {
  const {outboxes, tenancy} = await get(Keys.OPTIONS);
  const sources = await Promise.all(outboxes.map(name => get<juggler.DataSource>(`datasources.${name}`)));
  const tenantId = tenancy.mode === 'single' ? tenancy.tenantId : undefined;
  const forward = relayIntoTrail(await get(Keys.DATABASE), tenantId);
  const metrics = await get(Keys.METRICS, {optional: true});
  const count = (rejected: number) => metrics?.countRejected(rejected);
  return new OutboxRelays(sources, forward, await get(Keys.LOGGER), count);
}

/** Where checkpoints are kept outside of the database, of a service that signs and has such a place. */
async function checkpointLog(get: Get): Promise<CheckpointLog | undefined> {
  const {log} = (await get(Keys.OPTIONS)).checkpoints;
  const signer = await get(Keys.SIGNER, {optional: true});
  if (!log || !signer) return undefined;
  const logger = await get(Keys.LOGGER);
  const {open} = new OwnNotes(signer, new KeyHistory(await get(Keys.DATABASE)), logger);
  if (log.kind === 'file') return new CheckpointFile(log.path, signer.origin, open);
  return new CheckpointObjects(await get(Keys.OBJECT_STORE), signer.origin, open, (folder, error) => {
    logger.warn({err: error, folder}, 'cannot read the checkpoints that are kept of a tree');
    return undefined;
  });
}

async function historyGuard(get: Get): Promise<HistoryGuard | undefined> {
  if (!(await get(Keys.SIGNER, {optional: true}))) return undefined;
  const notes = await get(Keys.CHECKPOINT_LOG);
  const logger = await get(Keys.LOGGER);
  const metrics = await get(Keys.METRICS, {optional: true});
  const guard: HistoryGuard = new HistoryGuard(
    await get(Keys.DATABASE),
    notes,
    (tenantId, isRewritten, reason) => {
      metrics?.setRewritten(guard.count);
      if (isRewritten) {
        logger.error({tenantId, reason}, 'the history of a tree was rewritten: nothing more of it is signed');
      } else logger.warn({tenantId}, 'a tree is again what was signed of it');
    },
  );
  return guard;
}

async function checkpointPublisher(get: Get): Promise<CheckpointPublisher> {
  const [log, logger, options] = [await get(Keys.LOG), await get(Keys.LOGGER), await get(Keys.OPTIONS)];
  const [guard, notes] = [await get(Keys.HISTORY_GUARD), await get(Keys.CHECKPOINT_LOG)];
  const metrics = await get(Keys.METRICS, {optional: true});
  const {checkpoints} = options;
  const {urls, timeoutMs} = checkpoints.witnesses;
  const keys = checkpoints.witnesses.keys.map(parseWitnessKey);
  const counted = (result: string) => metrics?.countWitnessed(result);
  const parts = {
    ...{log, logger},
    growth: (await get(Keys.DATABASE)).growth,
    sweep: new TreeSweep({log, guard, notes, logger}, checkpoints.sweepMs),
    notes: notes && new PacedNotes(notes, checkpoints.logIntervalMs),
    witnesses: urls.map(url => new WitnessClient({url, keys, timeoutMs}, log, logger, counted)),
    measures: {signed: () => metrics?.countSigned(), failed: () => metrics?.countUnsigned()},
  };
  return new CheckpointPublisher(parts, checkpoints);
}
