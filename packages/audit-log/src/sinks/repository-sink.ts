import type {AuditLogStore} from '../types';
import {auditLogData} from './audit-log-data';
import type {AuditSink} from './audit-sink';

/**
 * Entries by a repository of audit logs on any datasource, as SourceLoop has it, but waited for: where they
 * cannot be stored the change does not happen.
 */
export const repositorySink = (repository: () => Promise<AuditLogStore>): AuditSink => ({
  async deliver(entries) {
    const store = await repository();
    await store.createAll(entries.map(entry => auditLogData(entry, store)));
  },
});
