import {
  ACTOR_TYPES,
  type AuditEntry,
  DATA_CLASSIFICATIONS,
  OUTCOMES,
  SEVERITIES,
  type ServiceGiven,
} from '@loopback-audit/audit-log';

/** What a property of a new entry may hold. Lengths are in UTF-16 code units. */
export type PropertyRule =
  | {type: 'text'; maxLength: number; maxBytes?: number; pattern?: RegExp; patternHint?: string}
  | {type: 'oneOf'; values: readonly string[]}
  | {type: 'uuid' | 'time' | 'ip' | 'object' | 'references'}
  | {type: 'textList'; maxItems: number; maxLength: number};

const name = {type: 'text', maxLength: 256} as const;
const text = {type: 'text', maxLength: 2_048} as const;
/** A row of a PostgreSQL index has at most 2,704 bytes: those of the tenant, of this and of an acted-on type fit. */
const indexed = {...text, maxBytes: 1_536} as const;
const longText = {type: 'text', maxLength: 32_768} as const;

/** A tenant's name: it becomes part of keys and of the tree's origin, so it is one line of visible ASCII. */
export const TENANT_PATTERN = /^[\x21-\x7e]{1,128}$/;

export const PROPERTY_RULES: Readonly<Record<Exclude<keyof AuditEntry, ServiceGiven>, PropertyRule>> = {
  id: {type: 'uuid'},
  tenantId: {type: 'text', maxLength: 128, pattern: TENANT_PATTERN, patternHint: 'visible ASCII, no spaces'},
  action: name,
  actionKey: name,
  actionGroup: name,
  actedAt: {type: 'time'},
  actor: indexed,
  actorType: {type: 'oneOf', values: ACTOR_TYPES},
  actorName: text,
  actorEmail: text,
  onBehalfOf: indexed,
  actedOn: name,
  entityId: indexed,
  entityName: text,
  relatedEntities: {type: 'references'},
  before: {type: 'object'},
  after: {type: 'object'},
  changedFields: {type: 'textList', maxItems: 1_000, maxLength: 256},
  outcome: {type: 'oneOf', values: OUTCOMES},
  reason: longText,
  errorCode: name,
  severity: {type: 'oneOf', values: SEVERITIES},
  category: name,
  description: longText,
  requestId: name,
  traceId: name,
  sessionId: name,
  ip: {type: 'ip'},
  userAgent: longText,
  method: name,
  path: longText,
  serviceName: name,
  serviceVersion: name,
  dataClassification: {type: 'oneOf', values: DATA_CLASSIFICATIONS},
  dataSubjectId: indexed,
  legalBasis: text,
  metadata: {type: 'object'},
  tags: {type: 'textList', maxItems: 100, maxLength: 256},
};

/** Properties that the service alone gives. */
export const SERVICE_GIVEN: readonly ServiceGiven[] = [
  'recordedAt',
  'leafIndex',
  'leafHash',
  'salt',
  'commitments',
];

/** Nesting of a JSON property beyond which it is refused. */
export const MAX_JSON_DEPTH = 64;

/** Entities that one entry may relate to. */
export const MAX_RELATED_ENTITIES = 100;
