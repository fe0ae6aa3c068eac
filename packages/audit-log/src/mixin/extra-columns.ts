import type {ExtraColumns} from '../types';

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

/** The columns of the entry that options fill in. */
export const extraColumns = (options: object): ExtraColumns =>
  Object.fromEntries(
    Object.entries(options).filter(([name, value]) => EXTRA_COLUMNS.has(name) && value !== undefined),
  );
