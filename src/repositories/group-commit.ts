import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Admitted} from '../admission/admit';
import {AuditError, type ErrorCode} from '../errors';

/** Stores entries of one tenant in one transaction, all or none, and answers them in their order. */
export type StoreGroup = (tenantId: string, admitted: readonly Admitted[]) => Promise<AuditEntry[]>;

export interface GroupCommitLimits {
  /** Entries of one transaction at most, and their length as JSON in UTF-16 code units, but for a single larger one. */
  group: Amount;
  /** What may wait in this process, of all tenants together. */
  waiting: Amount;
}

interface Amount {
  entries: number;
  length: number;
}

const LIMITS: GroupCommitLimits = {
  group: {entries: 256, length: 2 << 20},
  waiting: {entries: 10_000, length: 64 << 20},
};

const SHARED: ReadonlySet<ErrorCode> = new Set(['DATABASE_UNAVAILABLE', 'QUERY_TIMEOUT']);

interface Waiting {
  admitted: Admitted;
  length: number;
  stored(entry: AuditEntry): void;
  refused(error: unknown): void;
}

/**
 * Lets callers who come while a transaction of their tenant is under way share the next one. Nobody waits for company:
 * the first is stored at once, and whoever comes meanwhile is stored together.
 */
export class GroupCommit {
  private readonly queues = new Map<string, Waiting[]>();
  private readonly waiting: Amount = {entries: 0, length: 0};

  constructor(
    private readonly store: StoreGroup,
    private readonly limits: GroupCommitLimits = LIMITS,
  ) {}

  /**
   * Stores one entry; when it returns the entry is durable. One that cannot be stored fails alone.
   *
   * @throws AuditError OVERLOADED where too many wait already, or what storing it throws
   */
  async append(tenantId: string, admitted: Admitted): Promise<AuditEntry> {
    const {waiting, limits} = this;
    if (waiting.entries >= limits.waiting.entries || waiting.length >= limits.waiting.length) {
      const detail = {field: 'body', code: 'OVERLOADED', message: 'comes while too many entries wait'};
      throw new AuditError('OVERLOADED', 'Too many entries wait to be stored: try again.', [detail]);
    }
    const {length} = JSON.stringify(admitted.entry);
    waiting.entries += 1;
    waiting.length += length;
    return new Promise((stored, refused) => {
      const each = {admitted, length, stored, refused};
      const queue = this.queues.get(tenantId);
      if (queue) queue.push(each);
      else void this.drain(tenantId, [each]);
    });
  }

  private async drain(tenantId: string, queue: Waiting[]): Promise<void> {
    this.queues.set(tenantId, queue);
    while (queue.length > 0) {
      const group = queue.splice(0, this.groupLength(queue));
      await this.storeAll(tenantId, group);
      this.waiting.entries -= group.length;
      for (const {length} of group) this.waiting.length -= length;
    }
    this.queues.delete(tenantId);
  }

  /** How many of those who wait fit into one transaction; one always does. */
  private groupLength(queue: readonly Waiting[]): number {
    const {entries, length} = this.limits.group;
    let total = 0;
    const end = queue.findIndex((each, i) => {
      total += each.length;
      return i === entries || (i > 0 && total > length);
    });
    return end === -1 ? queue.length : end;
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
