import type {
  OperationObject,
  ParameterObject,
  ReferenceObject,
  Request,
  ResponseObject,
  SchemaObject,
} from '@loopback/rest';
import {DEFAULT_CAP, DEFAULT_LIMIT, MAX_CAP, MAX_LIMIT, MAX_SKIP} from '../query/filter';
import {PARAMETERS} from '../query/parameter-names';

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
  ...Object.entries(PARAMETERS).map(([name, parameter]) =>
    query(name, described(parameter), TEXT, 'example' in parameter ? parameter.example : undefined),
  ),
];

function described({meaning, aliases}: {meaning: string; aliases: readonly string[]}): string {
  return aliases.length === 0 ? meaning : `${meaning}. Also known as ${aliases.join(', ')}.`;
}

/** How far entries are counted. */
export const COUNTING: ParameterObject[] = [
  query('cap', 'Entries up to which the count is exact', {
    type: 'integer',
    minimum: 1,
    maximum: MAX_CAP,
    default: DEFAULT_CAP,
  }),
  query('estimate', 'true: by a sample', {type: 'boolean', default: false}),
];

export const CURSOR_HEADERS = {
  Link: {description: 'The pages beside it, rel="next" and rel="prev" (RFC 8288)', schema: TEXT},
  'X-Next-Cursor': {description: 'The cursor of the next page', schema: TEXT},
  'X-Previous-Cursor': {description: 'The cursor of the page before', schema: TEXT},
};

/** A page of entries. */
export const ENTRY_PAGE: ResponseObject = {
  description: 'A page of entries',
  headers: CURSOR_HEADERS,
  content: json({type: 'array', items: ENTRY_REF}),
};

/** Which properties of one entry. */
export const FIELDS_FILTER: ParameterObject = {
  name: 'filter',
  in: 'query',
  description: 'LoopBack filter with fields alone',
  content: {'application/json': {schema: {type: 'object'}, example: {fields: ['id', 'action']}}},
};

/** Which part of a list. */
export const CURSOR_PAGING: ParameterObject[] = [
  query('limit', 'Entries of a page', {
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
  }),
  query('cursor', 'X-Next-Cursor or X-Previous-Cursor of another page; good for the same query alone', TEXT),
];

/** Which part of the entries, in which order. */
export const PAGING: ParameterObject[] = [
  ...CURSOR_PAGING,
  query('skip', 'Entries to pass over', {type: 'integer', minimum: 0, maximum: MAX_SKIP, default: 0}),
  query('sortBy', 'Property to sort by, in place of order', TEXT),
  query('sortOrder', 'asc or desc', {type: 'string', enum: ['asc', 'desc', 'ASC', 'DESC'], default: 'desc'}),
  query('includeChanges', 'false: without before, after and changedFields', {type: 'boolean', default: true}),
];

/** Entries of a file at most. */
export const FILE_LIMIT = query('limit', 'Entries at most; all where it is left out', {
  type: 'integer',
  minimum: 1,
});

export const ORDER = query('order', 'Property and direction; relevance, where words are searched for', {
  type: 'string',
  default: 'actedAt DESC',
});

export const INCLUDE_ARCHIVED = query(
  'includeArchivedLogs',
  'true: also answers from archives, through a job; the answer is its {jobId}',
  {type: 'boolean', default: false},
);
