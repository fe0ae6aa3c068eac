export {Action} from './action';
export {AuditDbSourceName} from './audit-db';
export {AuditLog} from './audit-log.model';
export {AuditLogRepository} from './audit-log.repository';
export {AuditLogComponent} from './component';
export {type AuditContext, currentContext, withContext} from './context/audit-context';
export {auditContext} from './context/express-middleware';
export {DEFAULT_MASKED, type MaskRule, WITHHELD} from './diff/mask';
export type {AuditEntry, EntityReference, JsonObject, JsonValue, NewAuditEntry, ServiceGiven} from './entry';
export {AuditBindings} from './keys';
export {type AuditEvent, AuditLogger} from './logger/audit-logger';
export {AuditRepositoryMixin} from './mixin/audit-repository.mixin';
export type {AuditSink, SinkEntry, SinkScope} from './sinks/audit-sink';
export {CREATE_OUTBOX, createOutbox, outboxSink} from './sinks/outbox-sink';
export {repositorySink} from './sinks/repository-sink';
export {useSink} from './sinks/sink-of';
export type {
  ActorId,
  Auditable,
  AuditLogOption,
  AuditOptions,
  ExtraColumns,
  IAuditMixin,
  IAuditMixinOptions,
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
