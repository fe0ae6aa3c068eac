import type {ActorType, DataClassification, Outcome, Severity} from './vocabulary';

/** A value that survives a round trip through JSON (RFC 8259). Numbers are IEEE 754 doubles. */
export type JsonValue = string | number | boolean | null | JsonValue[] | {[key: string]: JsonValue};
export type JsonObject = {[key: string]: JsonValue};

/** Something an entry is about besides its main entity. */
export interface EntityReference {
  type: string;
  id: string;
}

/**
 * One entry of the audit trail as it is stored and answered. A property without a value is `null`
 * in storage and left out of answers.
 */
export interface AuditEntry {
  /** UUID (RFC 9562); version 7 when the service chooses it. The same id is the same entry. */
  id: string;
  /** Whose trail the entry belongs to; always the caller's own tenant. */
  tenantId: string;
  /** What happened: an `Action`, or `resource.verb`. */
  action: string;
  /** SourceLoop's grouping names. */
  actionKey?: string;
  actionGroup?: string;
  /** When it happened: RFC 3339 in UTC, up to microseconds. */
  actedAt: string;
  /** When the service stored it: RFC 3339 in UTC, microseconds. */
  recordedAt: string;
  /** Who did it, and on whose behalf. */
  actor: string;
  actorType: ActorType;
  actorName?: string;
  actorEmail?: string;
  onBehalfOf?: string;
  /** Type, id and display name of the entity that was acted on. */
  actedOn?: string;
  entityId?: string;
  entityName?: string;
  relatedEntities?: EntityReference[];
  /** State of the entity before and after, and the names of what changed between the two. */
  before?: JsonObject;
  after?: JsonObject;
  changedFields?: string[];
  outcome: Outcome;
  reason?: string;
  errorCode?: string;
  severity: Severity;
  category?: string;
  description?: string;
  /** The request in which it happened. */
  requestId?: string;
  traceId?: string;
  sessionId?: string;
  /** IPv4 or IPv6 address in its canonical text form (RFC 5952). */
  ip?: string;
  userAgent?: string;
  method?: string;
  path?: string;
  /** The service that recorded it. */
  serviceName?: string;
  serviceVersion?: string;
  /** Privacy context. */
  dataClassification?: DataClassification;
  dataSubjectId?: string;
  legalBasis?: string;
  metadata?: JsonObject;
  tags?: string[];
  /** Place in the tenant's tree, hash of the leaf, and the salt of its commitments (hexadecimal); the service's. */
  leafIndex?: number;
  leafHash?: string;
  salt?: string;
  /** Of an entry whose erasable properties were erased, with the salt: what its leaf commits to, base64 by property. */
  commitments?: {[property: string]: string};
}

/** What the service gives an entry; a caller may not choose it. */
export type ServiceGiven = 'recordedAt' | 'leafIndex' | 'leafHash' | 'salt' | 'commitments';

/**
 * What a caller sends. Everything but the action has a default: id and time are chosen by the
 * service, tenant and actor come from the caller's identity.
 */
export type NewAuditEntry = Pick<AuditEntry, 'action'> & Partial<Omit<AuditEntry, 'action' | ServiceGiven>>;
