import type {juggler, Options, Transaction} from '@loopback/repository';

/** The connector of a relational database, as far as it is used here (`loopback-connector`'s SQLConnector). */
export interface SqlConnector {
  relational: true;
  name: string;
  buildSelect(model: string, filter: object, options: object): {sql: string; params: unknown[]};
  fromRow(model: string, row: object): Record<string, unknown>;
}

/** The connector where it speaks SQL; undefined where it does not. */
export function sqlConnectorOf(dataSource: juggler.DataSource): SqlConnector | undefined {
  const connector = dataSource.connector as Partial<SqlConnector> | undefined;
  return connector?.relational && connector.buildSelect ? (connector as SqlConnector) : undefined;
}

/**
 * Runs `work` in the transaction of the caller, or in one of its own, or without one where the datasource has
 * none. The caller's options are not touched.
 */
export async function inTransaction<T>(
  dataSource: juggler.DataSource,
  options: Options,
  work: (options: Options, transaction?: Transaction) => Promise<T>,
): Promise<T> {
  const given = options.transaction as Transaction | undefined;
  if (given) return work(options, given);
  if (!sqlConnectorOf(dataSource)) return work(options);
  const transaction = (await dataSource.beginTransaction({isolationLevel: 'READ COMMITTED'})) as Transaction;
  let result: T;
  try {
    result = await work({...options, transaction}, transaction);
  } catch (error) {
    await transaction.rollback().catch(() => {});
    throw error;
  }
  // A commit that fails has rolled back by itself.
  await transaction.commit();
  return result;
}
