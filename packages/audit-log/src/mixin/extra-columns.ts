import {jsonOf} from '../diff/json-of';
import {withheld} from '../diff/mask';
import type {AuditEntry, JsonObject} from '../entry';
import type {ExtraColumns, RecordingOptions} from '../types';

const NAMED = {
  tenantId: true,
  actionKey: true,
  actionGroup: true,
  actor: true,
  actorType: true,
  actorName: true,
  actorEmail: true,
  onBehalfOf: true,
  actedOn: true,
  entityId: true,
  entityName: true,
  relatedEntities: true,
  outcome: true,
  reason: true,
  errorCode: true,
  severity: true,
  category: true,
  description: true,
  requestId: true,
  traceId: true,
  sessionId: true,
  ip: true,
  userAgent: true,
  method: true,
  path: true,
  serviceName: true,
  serviceVersion: true,
  dataClassification: true,
  dataSubjectId: true,
  legalBasis: true,
  metadata: true,
  tags: true,
} as const satisfies Record<keyof ExtraColumns, true>;

/** The columns of an entry that options may fill in. */
const EXTRA_COLUMNS: ReadonlySet<string> = new Set(Object.keys(NAMED));

/** What else options hold: how it is recorded, what of an entry no option says, and what juggler has for itself. */
const NO_COLUMNS: ReadonlySet<string> = new Set([
  ...([
    'mask',
    'unmask',
    'ignore',
    'recordUnchanged',
    'sink',
    'delivery',
  ] satisfies (keyof RecordingOptions)[]),
  ...(['id', 'action', 'actedAt', 'recordedAt', 'before', 'after'] satisfies (keyof AuditEntry)[]),
  ...(['changedFields', 'leafIndex', 'leafHash', 'salt', 'commitments'] satisfies (keyof AuditEntry)[]),
  ...['noAudit', 'auditDelivery', 'actorId'],
  ...['transaction', 'validate', 'notify', 'strict', 'strictObjectIDCoercion', 'allowExtendedOperators'],
  ...['prohibitHiddenPropertiesInQuery', 'maxDepthOfQuery', 'polymorphicType', 'skipUpdateIfUnmodified'],
]);

/** The columns of the entry that options fill in. */
export const extraColumns = (options: object): ExtraColumns =>
  Object.fromEntries(
    Object.entries(options).filter(([name, value]) => EXTRA_COLUMNS.has(name) && value !== undefined),
  );

/**
 * What options give beside the columns of every entry: those of the host's own. Only plain values count; objects of
 * classes are none of the trail's.
 */
export function ownColumns(options: object, isMasked: (name: string) => boolean): JsonObject {
  const own = Object.entries(options).filter(
    ([name, value]) => !EXTRA_COLUMNS.has(name) && !NO_COLUMNS.has(name) && isPlain(value),
  );
  return withheld(Object.fromEntries(own.map(([name, value]) => [name, jsonOf(value)])), isMasked);
}

function isPlain(value: unknown): boolean {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null || value instanceof Date) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain);
}

/** The columns of the host's own as metadata, with that which an option gives by name; it wins. */
export const asMetadata = (own: JsonObject, {metadata}: ExtraColumns): Pick<ExtraColumns, 'metadata'> =>
  Object.keys(own).length === 0 ? {} : {metadata: {...own, ...metadata}};
