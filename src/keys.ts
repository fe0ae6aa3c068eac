import {BindingKey, CoreBindings} from '@loopback/core';
import type {Logger} from 'pino';
import type {ArchiveReader} from './archive/archive-reader';
import type {ArchiveWriter} from './archive/archive-writer';
import type {ObjectStore} from './archive/object-store';
import type {AuditServiceComponent} from './component';
import type {Gate} from './controllers/gate';
import type {RuleWithSource} from './detection/default-rules';
import type {Detector} from './detection/detector';
import type {ExportHandler} from './export/export-handler';
import type {ExportSlots} from './export/export-slots';
import type {ColumnBuilder} from './export/table';
import type {CallerResolver} from './identity/caller';
import type {LogSigner} from './integrity/log-signer';
import type {JobRunner} from './jobs/job-runner';
import type {EntryFeed} from './live/entry-feed';
import type {LiveStreams} from './live/live-streams';
import type {ServiceMetrics} from './observability/metrics';
import type {Database} from './repositories/database';
import type {HistoryGuard} from './repositories/history-guard';
import type {JobRows} from './repositories/job-rows';
import type {TransparencyLog} from './repositories/transparency-log';
import type {AuditServiceOptions} from './types';
import type {CheckpointLog} from './witness/checkpoint-log';

/** The keys under which the component binds its parts; bind another value first to replace a part. */
export namespace AuditServiceBindings {
  export const COMPONENT = BindingKey.create<AuditServiceComponent>(
    `${CoreBindings.COMPONENTS}.AuditServiceComponent`,
  );
  /** The options, merged with their defaults. */
  export const OPTIONS = BindingKey.create<AuditServiceOptions>('audit-service.options');
  /** Who makes a request: the host's user profile, unless something else is bound. */
  export const CALLER = BindingKey.create<CallerResolver>('audit-service.caller');
  export const LOGGER = BindingKey.create<Logger>('audit-service.logger');
  export const GATE = BindingKey.create<Gate>('audit-service.gate');
  export const METRICS = BindingKey.create<ServiceMetrics>('audit-service.metrics');
  export const DATABASE = BindingKey.create<Database>('audit-service.database');
  export const OBJECT_STORE = BindingKey.create<ObjectStore>('audit-service.object-store');
  /** Who signs checkpoints; where nothing is bound, entries are sealed and no checkpoint is signed. */
  export const SIGNER = BindingKey.create<LogSigner>('audit-service.signer');
  /** Where checkpoints are kept outside of the database; undefined where nowhere. */
  export const CHECKPOINT_LOG = BindingKey.create<CheckpointLog | undefined>('audit-service.checkpoint-log');
  /** Holds trees against what was signed of them, there and in the database; undefined where nobody signs. */
  export const HISTORY_GUARD = BindingKey.create<HistoryGuard | undefined>('audit-service.history-guard');
  export const LOG = BindingKey.create<TransparencyLog>('audit-service.log');
  export const JOB_ROWS = BindingKey.create<JobRows>('audit-service.job-rows');
  export const JOB_RUNNER = BindingKey.create<JobRunner>('audit-service.job-runner');
  /** The rules of detection that every tenant has, by id. */
  export const DETECTION_RULES = BindingKey.create<ReadonlyMap<string, RuleWithSource>>(
    'audit-service.detection-rules',
  );
  /** Holds entries against the rules. */
  export const DETECTOR = BindingKey.create<Detector>('audit-service.detector');
  /** The streams of entries that are open. */
  export const LIVE_STREAMS = BindingKey.create<LiveStreams>('audit-service.live-streams');
  /** Entries as they are stored. */
  export const ENTRY_FEED = BindingKey.create<EntryFeed>('audit-service.entry-feed');
  export const EXPORT_SLOTS = BindingKey.create<ExportSlots>('audit-service.export-slots');
  /** Shapes the columns of an export. */
  export const COLUMN_BUILDER = BindingKey.create<ColumnBuilder>('audit-service.column-builder');
  /** Receives the workbook of an export without a format. */
  export const EXPORT_HANDLER = BindingKey.create<ExportHandler>('audit-service.export-handler');
  export const ARCHIVE_WRITER = BindingKey.create<ArchiveWriter>('audit-service.archive-writer');
  export const ARCHIVE_READER = BindingKey.create<ArchiveReader>('audit-service.archive-reader');
}
