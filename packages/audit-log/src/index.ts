export {Action} from './action';
export {AuditDbSourceName} from './audit-db';
export {AuditLog} from './audit-log.model';
export {AuditLogRepository} from './audit-log.repository';
export type {AuditLogOptions} from './audit-log-options';
export {upgradeAuditLogs, upgradeAuditLogsSql} from './audit-log-table';
export {AuditRequiredError} from './audit-required-error';
export {AuditLogComponent} from './component';
export {type AuditContext, currentContext, withContext} from './context/audit-context';
export {type AuditContextOptions, auditContext} from './context/express-middleware';
export {sameJson} from './diff/json-of';
export {MASKED_PARTS, MASKED_WORDS, type MaskRule, type MaskSettings, useMasks, WITHHELD} from './diff/mask';
export type {AuditEntry, EntityReference, JsonObject, JsonValue, NewAuditEntry, ServiceGiven} from './entry';
export {AuditBindings} from './keys';
export type {AuditEvent} from './logger/audit-event';
export {AuditLogger, type RecordOptions} from './logger/audit-logger';
export {audited} from './logger/audited';
export {AuditRepositoryMixin} from './mixin/audit-repository.mixin';
export {ConditionalAuditRepositoryMixin} from './mixin/conditional-audit.mixin';
export type {ChangeRecording, ToldChange} from './mixin/told-change';
export {ensureOutbox} from './outbox/ensure-outbox';
export {forwardTo} from './outbox/forward-to';
export {
  type Forward,
  OutboxRelay,
  type OutboxRelayOptions,
  type Rejected,
  type Relayed,
} from './outbox/outbox-relay';
export {outboxOf, outboxSink} from './outbox/outbox-sink';
export {
  CREATE_OUTBOX,
  createOutbox,
  OUTBOX_COLUMNS,
  type OutboxRow,
  outboxEntry,
} from './outbox/outbox-table';
export type {PgClient} from './outbox/postgres';
export {AuditServiceError} from './sinks/audit-service-error';
export type {AuditSink, SinkEntry, SinkScope} from './sinks/audit-sink';
export {checkDelivery} from './sinks/check-delivery';
export {DELIVERIES, type Delivery} from './sinks/delivery';
export {type DeliveryFailure, DeliveryFailures, deliveryFailures} from './sinks/delivery-failures';
export {HttpSink, type HttpSinkOptions} from './sinks/http-sink';
export {Journal, type JournalOptions} from './sinks/journal';
export {repositorySink} from './sinks/repository-sink';
export {useSink} from './sinks/sink-of';
export type {
  AbstractConstructor,
  ActorId,
  Auditable,
  AuditLogOption,
  AuditLogStore,
  AuditOptions,
  ExtraColumns,
  IAuditMixin,
  IAuditMixinOptions,
  OwnColumns,
  RecordingOptions,
  User,
} from './types';
export {
  ACTOR_TYPES,
  type ActorType,
  DATA_CLASSIFICATIONS,
  type DataClassification,
  OUTCOMES,
  type Outcome,
  SEVERITIES,
  type Severity,
} from './vocabulary';
