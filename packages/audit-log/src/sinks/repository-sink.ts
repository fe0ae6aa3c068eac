import type {Options} from '@loopback/repository';
import type {AuditLogStore} from '../types';
import {auditLogData} from './audit-log-data';
import type {AuditSink, SinkEntry, SinkScope} from './audit-sink';
import {transactionOn} from './transaction-on';

/**
 * Entries by a repository of audit logs on any datasource, as SourceLoop has it, but waited for: where they
 * cannot be stored the change does not happen. On the datasource of the change they are a part of its
 * transaction.
 */
export const repositorySink = (repository: () => Promise<AuditLogStore>): AuditSink => ({
  async joins(scope) {
    return optionsOf(await repository(), scope).transaction !== undefined;
  },

  async deliver(entries, scope) {
    const store = await repository();
    await storeOnce(store, entries, optionsOf(store, scope));
  },
});

function optionsOf({dataSource}: AuditLogStore, scope: SinkScope): Options {
  const transaction = dataSource && transactionOn(dataSource, scope);
  return transaction ? {transaction} : {};
}

/**
 * Stores entries of which some may be there already. Only where the datasource refuses them is it asked which
 * those are: another process may store them at the same time, and not every datasource stores all or nothing.
 */
async function storeOnce(
  store: AuditLogStore,
  entries: readonly SinkEntry[],
  options: Options,
): Promise<void> {
  for (let missing = entries; missing.length > 0; ) {
    try {
      await store.createAll(
        missing.map(entry => auditLogData(entry, store)),
        options,
      );
      return;
    } catch (error) {
      // Within a transaction that the refusal has ended, the question is refused as well.
      const left = await notIn(store, missing, options).catch(() => missing);
      if (left.length === missing.length) throw error;
      missing = left;
    }
  }
}

async function notIn(store: AuditLogStore, entries: readonly SinkEntry[], options: Options) {
  const where = {id: {inq: entries.map(({id}) => id)}};
  const stored = (await store.find?.({where, fields: {id: true}}, options)) ?? [];
  const known = new Set(stored.map(log => (log as {id?: unknown}).id));
  return entries.filter(({id}) => !known.has(id));
}
