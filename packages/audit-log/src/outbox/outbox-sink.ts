import type {juggler} from '@loopback/repository';
import type {AuditSink} from '../sinks/audit-sink';
import {transactionOn} from '../sinks/transaction-on';
import {FILL_OUTBOX} from './outbox-table';

/**
 * Entries into the outbox beside the entities, in the transaction that changes them: both are committed or
 * neither is. No lock of the audit trail is taken; a relay moves the entries on.
 */
export const outboxSink: AuditSink = {
  delivery: 'transactional',
  deliveries: ['transactional', 'required'],

  joins: ({transaction}) => transaction !== undefined,

  async deliver(entries, {dataSource, transaction}) {
    if (!dataSource || !transaction) throw new Error('The outbox needs the transaction of the change.');
    await dataSource.execute(FILL_OUTBOX, [JSON.stringify(entries)], {transaction});
  },
};

/**
 * Entries into the outbox of a datasource, whatever they tell of: in the transaction that they come with, where
 * that is one of the datasource, and else at once.
 *
 * @param more datasources with an outbox, too: a transaction of one of them takes its entries there
 */
export const outboxOf = (dataSource: juggler.DataSource, ...more: juggler.DataSource[]): AuditSink => ({
  joins: scope => [dataSource, ...more].some(each => transactionOn(each, scope)),

  async deliver(entries, scope) {
    const holder = [dataSource, ...more].find(each => transactionOn(each, scope));
    const options = holder && {transaction: scope.transaction};
    await (holder ?? dataSource).execute(FILL_OUTBOX, [JSON.stringify(entries)], options);
  },
});
