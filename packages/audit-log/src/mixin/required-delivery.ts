import type {juggler, Transaction} from '@loopback/repository';
import {AuditRequiredError} from '../audit-required-error';
import type {AuditSink, SinkEntry, SinkScope} from '../sinks/audit-sink';
import {isRecordable} from '../statement/statement-recorder';
import {beforeCommit} from './at-commit';

/** What waits for the commit of a transaction, by the sink to which it goes. */
const waiting = new WeakMap<Transaction, Map<AuditSink, SinkEntry[]>>();

/**
 * Sees to it that entries are stored before their change is committed, or the change is undone. A sink that
 * takes part in the transaction has them at once; any other when the commit comes, for a transaction that is
 * rolled back shall leave no entry.
 *
 * @throws AuditRequiredError where they cannot be stored
 */
export async function deliverRequired(
  sink: AuditSink,
  entries: readonly SinkEntry[],
  scope: SinkScope & {dataSource: juggler.DataSource},
): Promise<void> {
  const {transaction} = scope;
  if (!transaction) return deliver(sink, entries, scope, 'stands');
  if (!(await sink.joins?.(scope))) return wait(sink, entries, scope.dataSource, transaction);
  try {
    await deliver(sink, entries, scope, 'undone');
  } catch (error) {
    // Whoever catches it must not commit the change all the same.
    beforeCommit(transaction, () => Promise.reject(error));
    throw error;
  }
}

function wait(
  sink: AuditSink,
  entries: readonly SinkEntry[],
  dataSource: juggler.DataSource,
  transaction: Transaction,
): void {
  const known = waiting.get(transaction);
  const sinks = known ?? new Map<AuditSink, SinkEntry[]>();
  sinks.set(sink, [...(sinks.get(sink) ?? []), ...entries]);
  if (known) return;
  waiting.set(transaction, sinks);
  beforeCommit(transaction, async () => {
    // What would make the commit itself fail shall do so before the entries go out.
    if (isRecordable(dataSource)) {
      await dataSource.execute('SET CONSTRAINTS ALL IMMEDIATE', [], {transaction});
    }
    for (const [each, its] of sinks) await deliver(each, its, {dataSource}, 'undone');
  });
}

async function deliver(
  sink: AuditSink,
  entries: readonly SinkEntry[],
  scope: SinkScope,
  change: 'undone' | 'stands',
): Promise<void> {
  try {
    await sink.deliver(entries, scope);
  } catch (cause) {
    throw new AuditRequiredError(change, {cause});
  }
}
