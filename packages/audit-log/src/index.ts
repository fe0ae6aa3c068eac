export {Action} from './action';
export type {AuditEntry, EntityReference, JsonObject, JsonValue, NewAuditEntry, ServiceGiven} from './entry';
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
