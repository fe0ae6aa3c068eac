import type {juggler} from '@loopback/repository';
import {connected} from '../connected';

/** A connection of node-postgres, as far as it is used here. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{rows: Record<string, unknown>[]}>;
  on(event: 'notification' | 'error' | 'end', listener: (argument?: unknown) => void): unknown;
  removeAllListeners(event: string): unknown;
  release(error?: Error | boolean): void;
}

export interface PgPool {
  connect(): Promise<PgClient>;
}

/**
 * The connections of a datasource.
 *
 * @throws Error where its connector is not `loopback-connector-postgresql`
 */
export async function poolOf(dataSource: juggler.DataSource): Promise<PgPool> {
  const pool = () => (dataSource.connector as {pg?: PgPool} | undefined)?.pg;
  if (!pool()) await connected(dataSource);
  const connections = pool();
  if (!connections)
    throw new Error(`The datasource ${dataSource.name} is not on PostgreSQL: it can hold no outbox.`);
  return connections;
}
