import {AuditError} from '../errors';
import type {Database, Session} from './database';
import type {LeafRow} from './leaf-row';
import {ensurePartitions, hasMoved, type PartitionOf} from './partitions';
import {newIn, onlyReceipt, type Receipt, type StoredRows, storeEntries} from './store-entries';
import {DEFAULT_WRITE_LIMITS, type WriteLimits, WriteQueue} from './write-queue';

/** Pages of entries that are ready to be stored, as often as they are asked for. */
export type LeafPages = () => AsyncIterable<readonly LeafRow[]>;

/** Entries that are stored whole or not at all: at hand, or read page by page where they are many. */
type Batch = {rows: readonly LeafRow[]} | PagedBatch;

interface PagedBatch {
  pages: LeafPages;
  months: ReadonlySet<string>;
  /** Gathered by the transaction that stores the batch, where they are wanted. */
  receipts: Receipt[] | undefined;
}

/** What became of a batch. */
export interface StoredBatch {
  count: number;
  /** How many were new. */
  stored: number;
  /** In the order of the batch, where they were asked for. */
  receipts?: Receipt[];
}

/** Longest time that a statement of a writer may take, the wait for the tree of the tenant included, in milliseconds. */
const STATEMENT_MS = 30_000;

/**
 * The one writer of a process: every path into the trail but that of an outbox on the same database, whose entries
 * are stored by the transaction that takes them out.
 */
export class TrailWriter {
  private readonly queue: WriteQueue<Batch, StoredRows>;

  constructor(
    private readonly database: Database,
    private readonly limits: WriteLimits = DEFAULT_WRITE_LIMITS,
  ) {
    this.queue = new WriteQueue((tenantId, batches) => this.store(tenantId, batches), limits);
  }

  /**
   * Stores entries of one tenant, all or none; when it returns they are durable.
   *
   * @throws AuditError ID_CONFLICT, OVERLOADED, DATABASE_UNAVAILABLE, QUERY_TIMEOUT
   */
  async append(tenantId: string, rows: readonly LeafRow[]): Promise<StoredRows> {
    if (rows.length === 0) return {receipts: [], stored: 0};
    const length = rows.reduce((total, {row}) => total + row.length, 0);
    return this.queue.append(tenantId, {item: {rows}, entries: rows.length, length});
  }

  /**
   * Stores entries that are too many to be at hand, a page at a time in one transaction, all or none.
   *
   * @throws AuditError as {@link append} does
   */
  async appendPages(
    tenantId: string,
    pages: LeafPages,
    {receipts: wanted = false}: {receipts?: boolean} = {},
  ): Promise<StoredBatch> {
    const months = new Set<string>();
    let count = 0;
    for await (const page of pages()) {
      count += page.length;
      for (const {actedAt} of page) months.add(actedAt.slice(0, 7));
    }
    const item: PagedBatch = {pages, months, receipts: wanted ? [] : undefined};
    const {entries, length} = this.limits.group;
    const {stored} = await this.queue.append(tenantId, {item, entries, length, isAlone: true});
    return {count, stored, ...(item.receipts && {receipts: item.receipts})};
  }

  /** Resolves when everything that was given to the writer has been stored or refused. */
  async drained(): Promise<void> {
    await this.queue.drained();
  }

  private async store(tenantId: string, batches: readonly Batch[]): Promise<(StoredRows | AuditError)[]> {
    try {
      return await this.storeOnce(tenantId, batches);
    } catch (error) {
      // Partitions come and go without asking a writer; nothing of this transaction is stored.
      if (!hasMoved(this.database, error)) throw error;
      return this.storeOnce(tenantId, batches);
    }
  }

  private async storeOnce(tenantId: string, batches: readonly Batch[]): Promise<(StoredRows | AuditError)[]> {
    const times = batches.flatMap(batch =>
      'rows' in batch ? batch.rows.map(({actedAt}) => actedAt) : [...batch.months],
    );
    const partitionOf = await ensurePartitions(this.database, tenantId, times);
    const options = {role: 'audit_writer', tenantId, timeoutMs: STATEMENT_MS} as const;
    const outcomes = await this.database.transaction(options, async session => {
      const [first] = batches;
      if (first && 'pages' in first) return [await storePages(session, tenantId, first, partitionOf)];
      const groups = batches.map(batch => ('rows' in batch ? batch.rows : []));
      return storeEntries(session, tenantId, groups, partitionOf);
    });
    this.database.growth.tell(tenantId, newIn(outcomes));
    return outcomes;
  }
}

async function storePages(
  session: Session,
  tenantId: string,
  batch: PagedBatch,
  partitionOf: PartitionOf,
): Promise<StoredRows> {
  const receipts: Receipt[] = [];
  let stored = 0;
  for await (const page of batch.pages()) {
    const [outcome] = await storeEntries(session, tenantId, [page], partitionOf);
    if (!outcome || outcome instanceof AuditError) throw outcome;
    stored += outcome.stored;
    if (batch.receipts) receipts.push(...outcome.receipts.map(onlyReceipt));
  }
  if (batch.receipts) batch.receipts = receipts;
  return {receipts: [], stored};
}
