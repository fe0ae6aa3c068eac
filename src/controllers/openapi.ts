import type {
  OperationObject,
  ParameterObject,
  ReferenceObject,
  Request,
  ResponseObject,
  SchemaObject,
} from '@loopback/rest';
import {DEFAULT_LIMIT, MAX_LIMIT, MAX_SKIP} from '../query/filter';

/** An entry as it is answered; the document's components describe it once. */
export const ENTRY_REF: ReferenceObject = {$ref: '#/components/schemas/AuditLog'};
export const NEW_ENTRY_REF: ReferenceObject = {$ref: '#/components/schemas/NewAuditLog'};

/** What the service gives an entry when it stores it. */
export const RECEIPT: SchemaObject = {
  type: 'object',
  required: ['id', 'recordedAt', 'leafIndex', 'leafHash', 'salt'],
  properties: {
    id: {type: 'string', format: 'uuid'},
    recordedAt: {type: 'string', format: 'date-time'},
    leafIndex: {type: 'integer', minimum: 0},
    leafHash: {type: 'string'},
    salt: {type: 'string'},
  },
};

const ERROR_REF: ReferenceObject = {$ref: '#/components/schemas/AuditError'};

export const SECURED: Pick<OperationObject, 'security' | 'tags'> = {
  security: [{bearerAuth: []}],
  tags: ['Audit logs'],
};

export const EXAMPLE_ENTRY = {
  action: 'user.login',
  actor: 'jane@example.com',
  actorType: 'user',
  actedOn: 'session',
  entityId: 's-4711',
  outcome: 'failure',
  reason: 'wrong password',
  severity: 'medium',
  category: 'auth',
  ip: '192.0.2.10',
  metadata: {attempt: 3},
};

export const EXAMPLE_STORED_ENTRY = {
  ...EXAMPLE_ENTRY,
  id: '019aa8f5-3c1e-7a52-9d0b-6f2f4f1c7e11',
  tenantId: 'acme',
  actedAt: '2026-05-01T09:30:00.123456Z',
  recordedAt: '2026-05-01T09:30:00.125000Z',
};

export const EXAMPLE_JOB = {
  id: '3f0e8a5c-52f4-4f0e-9d65-0b7a1b1f6c2d',
  tenantId: 'acme',
  operation: 'QUERY',
  status: 'COMPLETED',
  filterUsed: {where: {outcome: 'failure'}},
  requestedBy: 'jane@example.com',
  rowsDone: 1,
  createdAt: '2026-05-01T09:31:00.000000Z',
  startedAt: '2026-05-01T09:31:00.020000Z',
  finishedAt: '2026-05-01T09:31:00.480000Z',
  result: [EXAMPLE_STORED_ENTRY],
};

export const EXAMPLE_ALERT = {
  id: '5f4f8a0e-0b1c-5b53-8d3c-2a1f4be1f7a4',
  ruleId: '47ebc868-177a-4cc0-b873-892596659ed5',
  title: 'Many failed logins from one address',
  level: 'medium',
  tags: ['attack.credential-access', 'attack.t1110'],
  group: {ip: '192.0.2.10'},
  window: {from: '2026-05-01T09:21:07.004000Z', to: '2026-05-01T09:30:00.123456Z'},
  entries: 1,
  evidence: [EXAMPLE_STORED_ENTRY.id],
  status: 'acknowledged',
  raisedAt: '2026-05-01T09:30:02.010000Z',
  changedAt: '2026-05-01T09:35:00.000000Z',
  changedBy: 'jane@example.com',
  note: 'looking at it',
};

/**
 * A body that the route reads itself: as a stream, checked by the gate into the trail rather than by the
 * schema that describes it.
 */
export const rawBody = async (request: Request) => ({value: request, schema: undefined});

/** JSON of one schema. */
export const json = (schema: SchemaObject | ReferenceObject, example?: unknown) => ({
  'application/json': {schema, ...(example !== undefined && {example})},
});

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read; details name the field at fault',
  401: 'The caller is not known: the token is missing, expired or not accepted',
  403: 'The caller lacks the permission, or meant another tenant',
  404: 'There is no such thing in the trail of this tenant, or nothing is selected',
  409: 'The id belongs to another entry, or the result is not there yet',
  413: 'The body is too large',
  415: 'The body is of another media type',
  500: 'The service is at fault; its log says more',
  502: 'The object store does not answer as it must',
  503: 'The service cannot do it now: try again after Retry-After',
};

/** The errors that an operation can answer. Every operation can answer 400, 401, 403, 500 and 503. */
export function errors(...statuses: number[]): Record<string, ResponseObject> {
  const all = [400, 401, 403, ...statuses, 500, 503];
  return Object.fromEntries(
    all.map(status => [
      String(status),
      {description: MEANINGS[status] ?? 'Error', content: {'application/json': {schema: ERROR_REF}}},
    ]),
  );
}

const query = (
  name: string,
  description: string,
  schema: SchemaObject,
  example?: unknown,
): ParameterObject => ({
  ...{name, in: 'query', description, schema},
  ...(example !== undefined && {example}),
});

const TEXT: SchemaObject = {type: 'string'};
const TIME: SchemaObject = {type: 'string', format: 'date-time'};

/** Which entries are meant: the same on every path that selects entries. */
export const SELECTING: ParameterObject[] = [
  {
    name: 'filter',
    in: 'query',
    description: `LoopBack filter: where, fields, order, limit (1 to ${MAX_LIMIT}), skip (0 to ${MAX_SKIP}). A property inside a JSON property is named by its path, as in after.role. include is refused.`,
    content: {
      'application/json': {
        schema: {type: 'object'},
        example: {where: {outcome: {neq: 'success'}}, limit: 10},
      },
    },
  },
  {
    name: 'where',
    in: 'query',
    description: 'LoopBack where alone',
    content: {'application/json': {schema: {type: 'object'}, example: {'after.role': 'admin'}}},
  },
  query('action', 'Actions, separated by commas; a trailing * stands for any ending', TEXT, 'user.*'),
  query('actedOn', 'Type of entity', TEXT),
  query('entityId', 'Id of the entity', TEXT),
  query('actor', 'Who did it', TEXT),
  query('outcome', 'success, failure, denied or pending; several with commas', TEXT),
  query('severity', 'info, low, medium, high or critical; several with commas', TEXT),
  query('category', 'Categories, separated by commas', TEXT),
  query('ip', 'An address, or a network such as 10.0.0.0/8', TEXT),
  query('serviceName', 'The service that recorded it', TEXT),
  query('from', 'Entries of this moment or later (RFC 3339)', TIME),
  query('to', 'Entries of this moment or earlier (RFC 3339)', TIME),
];

/** Which properties of one entry. */
export const FIELDS_FILTER: ParameterObject = {
  name: 'filter',
  in: 'query',
  description: 'LoopBack filter with fields alone',
  content: {'application/json': {schema: {type: 'object'}, example: {fields: ['id', 'action']}}},
};

/** Which part of them, in which order. */
export const PAGING: ParameterObject[] = [
  query('limit', 'Entries of a page', {
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
  }),
  query('cursor', 'X-Next-Cursor of the page before; good for the same query alone', TEXT),
];

/** Entries of a file at most. */
export const FILE_LIMIT = query('limit', 'Entries at most; all where it is left out', {
  type: 'integer',
  minimum: 1,
});

export const ORDER = query('order', 'Property and direction', {type: 'string', default: 'actedAt DESC'});

export const INCLUDE_ARCHIVED = query(
  'includeArchivedLogs',
  'true: also answers from archives, through a job; the answer is its {jobId}',
  {type: 'boolean', default: false},
);
