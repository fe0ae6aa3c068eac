import type {AuditEntry} from '@loopback-audit/audit-log';

/** How a property is stored and written as text. */
export type ColumnKind = 'uuid' | 'text' | 'time' | 'json' | 'textArray' | 'ip' | 'bigint' | 'bytes';

export interface EntryColumn {
  readonly property: keyof AuditEntry;
  readonly column: string;
  readonly kind: ColumnKind;
}

const kinds = {
  id: 'uuid',
  tenantId: 'text',
  action: 'text',
  actionKey: 'text',
  actionGroup: 'text',
  actedAt: 'time',
  recordedAt: 'time',
  actor: 'text',
  actorType: 'text',
  actorName: 'text',
  actorEmail: 'text',
  onBehalfOf: 'text',
  actedOn: 'text',
  entityId: 'text',
  entityName: 'text',
  relatedEntities: 'json',
  before: 'json',
  after: 'json',
  changedFields: 'textArray',
  outcome: 'text',
  reason: 'text',
  errorCode: 'text',
  severity: 'text',
  category: 'text',
  description: 'text',
  requestId: 'text',
  traceId: 'text',
  sessionId: 'text',
  ip: 'ip',
  userAgent: 'text',
  method: 'text',
  path: 'text',
  serviceName: 'text',
  serviceVersion: 'text',
  dataClassification: 'text',
  dataSubjectId: 'text',
  legalBasis: 'text',
  metadata: 'json',
  tags: 'textArray',
  leafIndex: 'bigint',
  leafHash: 'bytes',
  salt: 'bytes',
  commitments: 'json',
} as const satisfies Record<keyof AuditEntry, ColumnKind>;

const snakeCase = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** The columns of an entry in the one order that SQL, CSV and workbooks share. */
export const ENTRY_COLUMNS: readonly EntryColumn[] = Object.entries(kinds).map(([property, kind]) => ({
  property: property as keyof AuditEntry,
  column: snakeCase(property),
  kind,
}));

/** The column of a property, or undefined where the entry has no such property. */
export const columnOf = (property: string): EntryColumn | undefined =>
  Object.hasOwn(kinds, property) ? ENTRY_COLUMNS.find(column => column.property === property) : undefined;
