import {Entity, model, property} from '@loopback/repository';
import type {AuditEntry, EntityReference, JsonObject} from './entry';
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

/** The entry of the audit trail as LoopBack's model, from which the OpenAPI document describes it. */
@model({name: 'AuditLog', settings: {strict: true}})
export class AuditLog extends Entity implements AuditEntry {
  @property({
    type: 'string',
    id: true,
    jsonSchema: {format: 'uuid'},
    description: 'UUID; version 7 when the service chooses it',
  })
  id!: string;

  @property({type: 'string', description: 'Whose trail the entry belongs to: the tenant of the token'})
  tenantId!: string;

  @property({
    type: 'string',
    required: true,
    description: 'What happened: INSERT_ONE … DELETE_MANY, or resource.verb',
    jsonSchema: {maxLength: 256, examples: ['user.login']},
  })
  action!: string;

  @property({type: 'string', description: "SourceLoop's key of the action's source"})
  actionKey?: string;

  @property({type: 'string', description: "SourceLoop's group of actions"})
  actionGroup?: string;

  @property({
    type: 'string',
    description: 'When it happened: RFC 3339, up to microseconds',
    jsonSchema: {format: 'date-time'},
  })
  actedAt!: string;

  @property({
    type: 'string',
    description: 'When the service stored it',
    jsonSchema: {format: 'date-time', readOnly: true},
  })
  recordedAt!: string;

  @property({type: 'string', description: "Who did it; the token's subject where it is left out"})
  actor!: string;

  @property({type: 'string', jsonSchema: {enum: [...ACTOR_TYPES]}})
  actorType!: ActorType;

  @property({type: 'string'})
  actorName?: string;

  @property({type: 'string'})
  actorEmail?: string;

  @property({type: 'string', description: 'For whom the actor acted'})
  onBehalfOf?: string;

  @property({type: 'string', description: 'Type of the entity that was acted on'})
  actedOn?: string;

  @property({type: 'string'})
  entityId?: string;

  @property({type: 'string'})
  entityName?: string;

  @property.array(Object, {
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

  @property.array(String)
  changedFields?: string[];

  @property({type: 'string', jsonSchema: {enum: [...OUTCOMES], default: 'success'}})
  outcome!: Outcome;

  @property({type: 'string', description: 'Why it ended so'})
  reason?: string;

  @property({type: 'string'})
  errorCode?: string;

  @property({type: 'string', jsonSchema: {enum: [...SEVERITIES], default: 'info'}})
  severity!: Severity;

  @property({type: 'string', description: 'auth, data, access, config, system, security …'})
  category?: string;

  @property({type: 'string'})
  description?: string;

  @property({type: 'string'})
  requestId?: string;

  @property({type: 'string'})
  traceId?: string;

  @property({type: 'string'})
  sessionId?: string;

  @property({type: 'string', description: 'IPv4 or IPv6 address'})
  ip?: string;

  @property({type: 'string'})
  userAgent?: string;

  @property({type: 'string'})
  method?: string;

  @property({type: 'string'})
  path?: string;

  @property({type: 'string', description: 'The service that recorded it'})
  serviceName?: string;

  @property({type: 'string'})
  serviceVersion?: string;

  @property({type: 'string', jsonSchema: {enum: [...DATA_CLASSIFICATIONS]}})
  dataClassification?: DataClassification;

  @property({type: 'string'})
  dataSubjectId?: string;

  @property({type: 'string'})
  legalBasis?: string;

  @property({type: 'object', description: 'Free JSON', jsonSchema: {additionalProperties: true}})
  metadata?: JsonObject;

  @property.array(String)
  tags?: string[];

  @property({
    type: 'number',
    description: "Place in the tenant's tree",
    jsonSchema: {type: 'integer', minimum: 0, readOnly: true},
  })
  leafIndex?: number;

  @property({
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

  constructor(data?: Partial<AuditLog>) {
    super(data);
  }
}
