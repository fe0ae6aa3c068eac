export type {AuditEntry, NewAuditEntry} from '@loopback-audit/audit-log';
export {AuditLog} from '@loopback-audit/audit-log';
export type {Bearer} from './admission/admit';
export {AuditServiceApplication, type ServiceParts} from './application';
export {type ArchiveReader, readArchive, verifyArchive} from './archive/archive-reader';
export {type ArchivedFile, type ArchiveWriter, writeArchive} from './archive/archive-writer';
export type {ListedObject, ObjectHead, ObjectStore, PutOptions, StoredObject} from './archive/object-store';
export type {S3StoreOptions} from './archive/s3-settings';
export {AuditServiceComponent} from './component';
export {defaultRules, type RuleWithSource} from './detection/default-rules';
export {readRule} from './detection/read-rule';
export {AuditError, ERROR_STATUS, type ErrorCode, type ErrorDetail} from './errors';
export type {EntryPages} from './export/export-format';
export type {ExportedFile, ExportedFor, ExportHandler} from './export/export-handler';
export type {ColumnBuilder} from './export/table';
export {bearerTokenCaller, type TokenVerification} from './identity/bearer-token';
export type {Caller, CallerResolver, Tenancy} from './identity/caller';
export {PermissionKey} from './identity/permission';
export {type LogSigner, logSigner} from './integrity/log-signer';
export {type NoteSigner, noteSigner, verifierKey} from './integrity/signed-note';
export {AuditServiceBindings} from './keys';
export {Alert, AlertWindow} from './models/alert.model';
export {CustomFilter, DateRange} from './models/custom-filter.model';
export type {AlertStatus, DetectionRule, Level} from './models/detection-rule';
export {Job, type JobFailure, type JobOperation, type JobStatus} from './models/job.model';
export {MappingLog} from './models/mapping-log.model';
export {AuditTrailRepository} from './repositories/audit-trail.repository';
export {migrate, pendingMigrations} from './repositories/migrate';
export {
  AuditDbSourceName,
  type AuditServiceConfig,
  type AuditServiceOptions,
  type DatabaseSettings,
  DEFAULT_AUDIT_SERVICE_OPTIONS,
  type ObjectStoreOptions,
} from './types';
