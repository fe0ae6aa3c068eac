import {Entity, model, property} from '@loopback/repository';
import type {EntityReference, JsonObject} from './entry';
import {
  ACTOR_TYPES,
  type ActorType,
  DATA_CLASSIFICATIONS,
  type DataClassification,
  OUTCOMES,
  type Outcome,
  SEVERITIES,
  type Severity,
} from './vocabulary';

/** SourceLoop's table of audit logs, on every database that has tables. */
const TABLE = {table: 'audit_logs'};

/**
 * The entry of the audit trail as LoopBack's model: the OpenAPI document describes it from here, and hosts which
 * keep their audit logs themselves store it in SourceLoop's table.
 */
@model({
  name: 'AuditLog',
  settings: {strict: true, postgresql: TABLE, mysql: TABLE, mssql: TABLE, oracle: TABLE},
})
export class AuditLog extends Entity {
  @property({
    type: 'string',
    id: true,
    jsonSchema: {format: 'uuid'},
    description: 'UUID; version 7 when the service chooses it',
  })
  id!: string;

  @property({
    name: 'tenant_id',
    type: 'string',
    description: 'Whose trail the entry belongs to: the tenant of the token',
  })
  tenantId!: string;

  @property({
    type: 'string',
    required: true,
    description: 'What happened: INSERT_ONE … DELETE_MANY, or resource.verb',
    jsonSchema: {maxLength: 256, examples: ['user.login']},
  })
  action!: string;

  @property({name: 'action_key', type: 'string', description: "SourceLoop's key of the action's source"})
  actionKey?: string;

  @property({name: 'action_group', type: 'string', description: "SourceLoop's group of actions"})
  actionGroup?: string;

  @property({name: 'acted_at', type: 'date', description: 'When it happened: RFC 3339, up to microseconds'})
  actedAt!: Date;

  @property({
    name: 'recorded_at',
    type: 'date',
    description: 'When the service stored it',
    jsonSchema: {readOnly: true},
  })
  recordedAt!: Date;

  @property({type: 'string', description: "Who did it; the token's subject where it is left out"})
  actor!: string;

  @property({name: 'actor_type', type: 'string', jsonSchema: {enum: [...ACTOR_TYPES]}})
  actorType!: ActorType;

  @property({name: 'actor_name', type: 'string'})
  actorName?: string;

  @property({name: 'actor_email', type: 'string'})
  actorEmail?: string;

  @property({name: 'on_behalf_of', type: 'string', description: 'For whom the actor acted'})
  onBehalfOf?: string;

  @property({name: 'acted_on', type: 'string', description: 'Type of the entity that was acted on'})
  actedOn?: string;

  @property({name: 'entity_id', type: 'string'})
  entityId?: string;

  @property({name: 'entity_name', type: 'string'})
  entityName?: string;

  @property.array(Object, {
    name: 'related_entities',
    description: 'Entities that it concerns besides',
    jsonSchema: {
      required: ['type', 'id'],
      additionalProperties: false,
      properties: {type: {type: 'string'}, id: {type: 'string'}},
    },
  })
  relatedEntities?: EntityReference[];

  @property({
    type: 'object',
    description: 'State of the entity before',
    jsonSchema: {additionalProperties: true},
  })
  before?: JsonObject;

  @property({
    type: 'object',
    description: 'State of the entity after',
    jsonSchema: {additionalProperties: true},
  })
  after?: JsonObject;

  @property.array(String, {name: 'changed_fields'})
  changedFields?: string[];

  @property({type: 'string', jsonSchema: {enum: [...OUTCOMES], default: 'success'}})
  outcome!: Outcome;

  @property({type: 'string', description: 'Why it ended so'})
  reason?: string;

  @property({name: 'error_code', type: 'string'})
  errorCode?: string;

  @property({type: 'string', jsonSchema: {enum: [...SEVERITIES], default: 'info'}})
  severity!: Severity;

  @property({type: 'string', description: 'auth, data, access, config, system, security …'})
  category?: string;

  @property({type: 'string'})
  description?: string;

  @property({name: 'request_id', type: 'string'})
  requestId?: string;

  @property({name: 'trace_id', type: 'string'})
  traceId?: string;

  @property({name: 'session_id', type: 'string'})
  sessionId?: string;

  @property({type: 'string', description: 'IPv4 or IPv6 address'})
  ip?: string;

  @property({name: 'user_agent', type: 'string'})
  userAgent?: string;

  @property({type: 'string'})
  method?: string;

  @property({type: 'string'})
  path?: string;

  @property({name: 'service_name', type: 'string', description: 'The service that recorded it'})
  serviceName?: string;

  @property({name: 'service_version', type: 'string'})
  serviceVersion?: string;

  @property({name: 'data_classification', type: 'string', jsonSchema: {enum: [...DATA_CLASSIFICATIONS]}})
  dataClassification?: DataClassification;

  @property({name: 'data_subject_id', type: 'string'})
  dataSubjectId?: string;

  @property({name: 'legal_basis', type: 'string'})
  legalBasis?: string;

  @property({type: 'object', description: 'Free JSON', jsonSchema: {additionalProperties: true}})
  metadata?: JsonObject;

  @property.array(String)
  tags?: string[];

  @property({
    name: 'leaf_index',
    type: 'number',
    description: "Place in the tenant's tree",
    jsonSchema: {type: 'integer', minimum: 0, readOnly: true},
  })
  leafIndex?: number;

  @property({
    name: 'leaf_hash',
    type: 'string',
    description: 'Hash of the leaf: SHA-256, hexadecimal',
    jsonSchema: {readOnly: true},
  })
  leafHash?: string;

  @property({
    type: 'string',
    description: 'Salt of the commitments in the leaf, hexadecimal',
    jsonSchema: {readOnly: true},
  })
  salt?: string;

  @property({
    type: 'object',
    description: 'Of an entry that was erased: what its leaf commits to, base64 by property',
    jsonSchema: {additionalProperties: {type: 'string', format: 'byte'}, readOnly: true},
  })
  commitments?: {[property: string]: string};

  /** Columns of the host's own. */
  // biome-ignore lint/suspicious/noExplicitAny: as in SourceLoop's model, from which hosts come
  [column: string]: any;

  constructor(data?: Partial<AuditLog>) {
    super(data);
  }
}
