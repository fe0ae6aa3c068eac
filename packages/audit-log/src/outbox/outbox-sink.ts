import type {juggler} from '@loopback/repository';
import type {AuditSink} from '../sinks/audit-sink';
import {FILL_OUTBOX} from './outbox-table';

/**
 * Entries into the outbox beside the entities, in the transaction that changes them: both are committed or
 * neither is. No lock of the audit trail is taken; a relay moves the entries on.
 */
export const outboxSink: AuditSink = {
  delivery: 'transactional',

  joins: ({transaction}) => transaction !== undefined,

  async deliver(entries, {dataSource, transaction}) {
    if (!dataSource || !transaction) throw new Error('The outbox needs the transaction of the change.');
    await dataSource.execute(FILL_OUTBOX, [JSON.stringify(entries)], {transaction});
  },
};

/** Entries of no change of a repository into the outbox of a datasource. */
export const outboxOf = (dataSource: juggler.DataSource): AuditSink => ({
  async deliver(entries) {
    await dataSource.execute(FILL_OUTBOX, [JSON.stringify(entries)]);
  },
});
