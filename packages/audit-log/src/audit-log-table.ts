import type {juggler, Options} from '@loopback/repository';
import {connected} from './connected';

/** The connector of PostgreSQL, as far as it is used here (`loopback-connector-postgresql`). */
interface TableConnector {
  name: string;
  table(model: string): string;
  schema(model: string): string;
  column(model: string, property: string): string;
  getDefaultSchemaName(): string;
  _models: Record<string, object>;
  getModelDefinition(model: string): {properties: Readonly<Record<string, object>>};
}

const COLUMNS = `SELECT column_name AS name FROM information_schema.columns
  WHERE table_schema = $1 AND table_name = $2`;

/** Models whose table is known, by connector: repositories come and go with the requests. */
const fitted = new WeakMap<TableConnector, Map<string, Promise<void>>>();

/**
 * Lets a model live in the table that there is: columns that the table has not are neither written nor read. The
 * table is asked once in the life of the process. On PostgreSQL alone; elsewhere the table must have every column.
 *
 * @param options the transaction, where the caller has one: its connection may be the last of the pool
 */
export async function fitToTable(
  dataSource: juggler.DataSource,
  modelName: string,
  options: Options = {},
): Promise<void> {
  const connector = tableConnectorOf(dataSource);
  if (!connector) return;
  const models = fitted.get(connector) ?? new Map<string, Promise<void>>();
  fitted.set(connector, models);
  const known = models.get(modelName);
  if (known) return known;
  const fitting = fit(dataSource, connector, modelName, options);
  models.set(modelName, fitting);
  // Where the database did not answer, the next caller asks again.
  fitting.catch(() => models.delete(modelName));
  return fitting;
}

async function fit(
  dataSource: juggler.DataSource,
  connector: TableConnector,
  modelName: string,
  options: Options,
): Promise<void> {
  // Juggler answers no statement of a datasource that nothing has connected yet.
  await connected(dataSource);
  const place = [connector.schema(modelName), connector.table(modelName)];
  const rows = (await dataSource.execute(COLUMNS, place, options)) as {name: string}[];
  if (rows.length === 0) {
    throw new Error(`There is no table ${place.join('.')}: upgradeAuditLogs() makes it.`);
  }
  const there = new Set(rows.map(row => row.name));
  const definition = connector.getModelDefinition(modelName);
  definition.properties = Object.fromEntries(
    Object.entries(definition.properties).filter(([name]) => there.has(connector.column(modelName, name))),
  );
}

/**
 * Keeps `migrateSchema()` from the table of a model: juggler would bend it to the model, and it may be that of the
 * audit trail itself. On PostgreSQL alone.
 */
export function leaveToMigrations(dataSource: juggler.DataSource, modelName: string): void {
  const models = tableConnectorOf(dataSource)?._models;
  // Juggler migrates what it can enumerate.
  if (models?.[modelName]) Object.defineProperty(models, modelName, {enumerable: false});
}

/** What the entries of the audit trail have besides SourceLoop's, and the type of its column in PostgreSQL. */
const FURTHER_COLUMNS: Readonly<Record<string, string>> = {
  tenantId: 'text',
  actionGroup: 'text',
  recordedAt: 'timestamptz',
  actorType: 'text',
  actorName: 'text',
  actorEmail: 'text',
  onBehalfOf: 'text',
  entityName: 'text',
  relatedEntities: 'jsonb',
  changedFields: 'jsonb',
  outcome: 'text',
  reason: 'text',
  errorCode: 'text',
  severity: 'text',
  category: 'text',
  description: 'text',
  requestId: 'text',
  traceId: 'text',
  sessionId: 'text',
  ip: 'text',
  userAgent: 'text',
  method: 'text',
  path: 'text',
  serviceName: 'text',
  serviceVersion: 'text',
  dataClassification: 'text',
  dataSubjectId: 'text',
  legalBasis: 'text',
  metadata: 'jsonb',
  tags: 'jsonb',
};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** SourceLoop's own columns, for a host that begins without its table. */
const SOURCELOOP_COLUMNS = `id uuid PRIMARY KEY, action text NOT NULL, acted_at timestamptz NOT NULL, acted_on text,
  action_key text, entity_id text, actor text NOT NULL, tenant_id text, before text, after text, action_group text`;

/**
 * The statements that make SourceLoop's table where it is missing, give it the columns which it has not, and no longer demand of entries what not
 * every one has (PostgreSQL). Rows are not rewritten, no column is changed or removed; each may run again.
 *
 * @param table as SQL names it
 */
export const upgradeAuditLogsSql = (table = 'audit_logs'): string[] => [
  `CREATE TABLE IF NOT EXISTS ${table} (${SOURCELOOP_COLUMNS})`,
  `ALTER TABLE ${table} ${Object.entries(FURTHER_COLUMNS)
    .map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${snakeCase(name)} ${type}`)
    .join(', ')}`,
  `ALTER TABLE ${table} ${['action_key', 'entity_id', 'tenant_id']
    .map(column => `ALTER COLUMN ${column} DROP NOT NULL`)
    .join(', ')}`,
];

/**
 * Gives SourceLoop's table of a datasource on PostgreSQL, made where it is missing, every column of an entry. Run it before the
 * host starts, or as a migration of its own by {@link upgradeAuditLogsSql}.
 *
 * @param table as SQL names it; by default `audit_logs` in the schema of the datasource
 * @throws Error where the datasource is not on PostgreSQL
 */
export async function upgradeAuditLogs(dataSource: juggler.DataSource, table?: string): Promise<void> {
  const connector = tableConnectorOf(dataSource);
  if (!connector) throw new Error(`The datasource ${dataSource.name} is not on PostgreSQL.`);
  const schema = dataSource.settings.schema ?? connector.getDefaultSchemaName();
  const name = table ?? `"${schema}".audit_logs`;
  await connected(dataSource);
  for (const statement of upgradeAuditLogsSql(name)) await dataSource.execute(statement, []);
}

function tableConnectorOf(dataSource: juggler.DataSource): TableConnector | undefined {
  const connector = dataSource.connector as unknown as TableConnector | undefined;
  return connector?.name === 'postgresql' ? connector : undefined;
}
