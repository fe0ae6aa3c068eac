import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {AuditError, type ErrorCode} from '../errors';

/** Stores entries of one tenant in one transaction, all or none, and answers them in their order. */
export type StoreGroup = (tenantId: string, admitted: readonly Admitted[]) => Promise<AuditEntry[]>;

export interface GroupCommitLimits {
  /** Entries of one transaction at most. */
  group: number;
  /** Entries that may wait in this process, of all tenants together. */
  waiting: number;
}

const SHARED: ReadonlySet<ErrorCode> = new Set(['DATABASE_UNAVAILABLE', 'QUERY_TIMEOUT']);

interface Waiting {
  admitted: Admitted;
  stored(entry: AuditEntry): void;
  refused(error: unknown): void;
}

/**
 * Lets callers who come while a transaction of their tenant is under way share the next one. Nobody waits for company:
 * the first is stored at once, and whoever comes meanwhile is stored together.
 */
export class GroupCommit {
  private readonly queues = new Map<string, Waiting[]>();
  private waiting = 0;

  constructor(
    private readonly store: StoreGroup,
    private readonly limits: GroupCommitLimits = {group: 256, waiting: 10_000},
  ) {}

  /**
   * Stores one entry; when it returns the entry is durable. One that cannot be stored fails alone.
   *
   * @throws AuditError OVERLOADED where too many wait already, or what storing it throws
   */
  async append(tenantId: string, admitted: Admitted): Promise<AuditEntry> {
    if (this.waiting >= this.limits.waiting) {
      const detail = {field: 'body', code: 'OVERLOADED', message: 'comes while too many entries wait'};
      throw new AuditError('OVERLOADED', 'Too many entries wait to be stored: try again.', [detail]);
    }
    this.waiting += 1;
    return new Promise((stored, refused) => {
      const waiting = {admitted, stored, refused};
      const queue = this.queues.get(tenantId);
      if (queue) queue.push(waiting);
      else void this.drain(tenantId, [waiting]);
    });
  }

  private async drain(tenantId: string, queue: Waiting[]): Promise<void> {
    this.queues.set(tenantId, queue);
    while (queue.length > 0) {
      const group = queue.splice(0, this.limits.group);
      await this.storeAll(tenantId, group);
      this.waiting -= group.length;
    }
    this.queues.delete(tenantId);
  }

  private async storeAll(tenantId: string, group: readonly Waiting[]): Promise<void> {
    try {
      const entries = await this.store(
        tenantId,
        group.map(({admitted}) => admitted),
      );
      for (const [i, {stored}] of group.entries()) stored(entries[i] as AuditEntry);
    } catch (error) {
      // That the database is away is everybody's fault; any other may be that of one entry among them.
      const isShared = error instanceof AuditError && SHARED.has(error.code);
      if (isShared || group.length === 1) for (const {refused} of group) refused(error);
      else for (const each of group) await this.storeAll(tenantId, [each]);
    }
  }
}
