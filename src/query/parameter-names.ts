/**
 * Every plain parameter that selects entries, with the other names by which the clients of other audit systems know it.
 * The one table of its kind: the reader, the OpenAPI document and `docs/http-api.md` follow it.
 */
export const PARAMETERS = {
  action: {
    aliases: ['actions'],
    meaning: 'Actions, separated by commas; * stands for any ending',
    example: 'user.*',
  },
  actedOn: {aliases: ['resource', 'resource_type', 'resourceType'], meaning: 'Type of entity'},
  entityId: {aliases: ['resource_id', 'resourceId', 'entity_id'], meaning: 'Id of the entity'},
  actor: {aliases: ['user_id', 'userId', 'actor_id'], meaning: 'Who did it: the id'},
  onBehalfOf: {aliases: ['on_behalf_of'], meaning: 'For whom it was done'},
  outcome: {aliases: ['status'], meaning: 'success, failure, denied or pending; several with commas'},
  severity: {
    aliases: ['severities'],
    meaning: 'info, low, medium, high or critical; several with commas; >=high is that or worse',
    example: '>=high',
  },
  category: {aliases: ['categories'], meaning: 'Categories, separated by commas'},
  ip: {aliases: ['ip_address', 'ipAddress'], meaning: 'An address, or a network such as 10.0.0.0/8'},
  serviceName: {aliases: ['service_name', 'service'], meaning: 'The service that recorded it'},
  requestId: {
    aliases: ['request_id', 'correlation_id', 'correlationId'],
    meaning: 'The request that it belongs to',
  },
  tag: {aliases: ['tags'], meaning: 'Tags, separated by commas, of which the entry has one'},
  search: {
    aliases: [],
    meaning: 'Words in names, description, reason and metadata: all of them, "a phrase", or, -not',
  },
  q: {
    aliases: [],
    meaning:
      'Search syntax: terms such as action:user.*, -outcome:success, created:>=24h, (a OR b), and free words',
    example: 'actor:"Jane Doe" -outcome:success',
  },
  from: {
    aliases: ['from_date', 'since'],
    meaning: 'Entries of this moment or later: RFC 3339, or an age such as 24h or 7d',
  },
  to: {
    aliases: ['to_date', 'until'],
    meaning: 'Entries of this moment or earlier: RFC 3339, or an age such as 24h or 7d',
  },
  tenantId: {aliases: ['tenant_id'], meaning: "The caller's own tenant; another is refused"},
} as const satisfies Readonly<
  Record<string, {aliases: readonly string[]; meaning: string; example?: string}>
>;

export type SelectingParameter = keyof typeof PARAMETERS;

/** How a page is cut and shown; none of it changes which entries are meant. */
export const PAGE_PARAMETERS = {
  limit: ['page_size', 'pageSize'],
  skip: ['offset'],
  cursor: ['page_token', 'pageToken'],
  order: [],
  sortBy: ['sort_by'],
  sortOrder: ['sort_order'],
  includeChanges: ['include_changes'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type PageParameter = keyof typeof PAGE_PARAMETERS;

const CANONICAL: ReadonlyMap<string, SelectingParameter | PageParameter> = new Map([
  ...Object.entries(PARAMETERS).flatMap(([name, {aliases}]) =>
    [name, ...aliases].map(each => [each, name as SelectingParameter] as const),
  ),
  ...Object.entries(PAGE_PARAMETERS).flatMap(([name, aliases]) =>
    [name, ...aliases].map(each => [each, name as PageParameter] as const),
  ),
]);

/** What a parameter is called here, or undefined where there is none of this name. */
export const canonicalName = (name: string): SelectingParameter | PageParameter | undefined =>
  CANONICAL.get(name);

/** Under which of its names a parameter was given, where it was. */
export const givenName = (query: object, parameter: SelectingParameter | PageParameter): string | undefined =>
  Object.keys(query).find(name => canonicalName(name) === parameter);

/** Whether a parameter says how a page is cut, rather than which entries are meant. */
export const isOfPage = (name: string): boolean => Object.hasOwn(PAGE_PARAMETERS, canonicalName(name) ?? '');
