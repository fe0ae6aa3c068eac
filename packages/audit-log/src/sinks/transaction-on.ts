import type {Transaction} from '@loopback/repository';
import type {SinkScope} from './audit-sink';

/** The transaction of a change, where a datasource can take part in it: it is one of its own connector. */
export function transactionOn(
  dataSource: {connector?: object | undefined},
  {transaction}: SinkScope,
): Transaction | undefined {
  const {connector} = (transaction ?? {}) as {connector?: object};
  return connector !== undefined && connector === dataSource.connector ? transaction : undefined;
}
