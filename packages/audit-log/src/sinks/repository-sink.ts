import {AuditLog} from '../audit-log.model';
import type {AuditLogRepository} from '../audit-log.repository';
import type {AuditSink} from './audit-sink';

/**
 * Entries by a repository of audit logs on any datasource, as SourceLoop has it, but waited for: where they
 * cannot be stored the change does not happen.
 */
export const repositorySink = (
  repository: () => Promise<Pick<AuditLogRepository, 'createAll'>>,
): AuditSink => ({
  async deliver(entries) {
    const recordedAt = new Date().toISOString();
    await (await repository()).createAll(entries.map(entry => new AuditLog({...entry, recordedAt})));
  },
});
