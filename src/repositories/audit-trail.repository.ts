import type {AuditEntry, NewAuditEntry} from '@loopback-audit/audit-log';
import {validate as isUuid} from 'uuid';
import {type Admitted, admit, type Bearer} from '../admission/admit';
import {AuditError} from '../errors';
import type {Condition} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import type {OrderTerm, Selection} from '../models/selection';
import type {Summary, SummaryShape} from '../models/summary';
import type {Database, Session} from './database';
import {countEntries, estimateEntries, findEntries} from './find-entries';
import {type AddressUse, ipHistory} from './ip-history';
import {type LeafRow, leafRow} from './leaf-row';
import {onlyReceipt} from './store-entries';
import {streamEntries} from './stream-entries';
import {summarize} from './summarize';
import {type LeafPages, type StoredBatch, TrailWriter} from './trail-writer';
import {DEFAULT_WRITE_LIMITS, type WriteLimits} from './write-queue';

export interface AuditTrailRepositoryOptions {
  /** Longest time that a statement of a page or a count may take, in milliseconds. */
  queryTimeoutMs: number;
}

/** A number of entries, and how it stands to the true one. */
export interface EntryCount {
  count: number;
  relation: 'eq' | 'gte' | 'estimate';
}

const reversed = ({column, descending}: OrderTerm): OrderTerm => ({column, descending: !descending});

const NEWEST: readonly OrderTerm[] = (['actedAt', 'id'] as const).flatMap(property => {
  const column = columnOf(property);
  return column ? [{column, descending: true}] : [];
});

/** The entries of the trail. Every method keeps to the one tenant that it is given, and so does the database. */
export class AuditTrailRepository {
  private cursorKey: Promise<Buffer> | undefined;
  private readonly writer: TrailWriter;

  constructor(
    private readonly database: Database,
    private readonly options: AuditTrailRepositoryOptions,
    limits: WriteLimits = DEFAULT_WRITE_LIMITS,
  ) {
    this.writer = new TrailWriter(database, limits);
  }

  /**
   * Records an entry for code of the host application: checks it, gives it what it leaves out, and stores it
   * in the trail of its bearer's tenant. When it returns the entry is durable.
   *
   * @throws AuditError INVALID_ENTRY, TENANT_MISMATCH, ID_CONFLICT
   */
  async record(entry: NewAuditEntry, bearer: Bearer): Promise<AuditEntry> {
    return this.create(bearer.tenantId, admit(entry, bearer));
  }

  /**
   * Stores one entry and answers it as it is stored. When it returns the entry is durable. Entries of one tenant that
   * come at the same time share a transaction.
   *
   * @throws AuditError ID_CONFLICT where another entry has its id, OVERLOADED
   */
  async create(tenantId: string, admitted: Admitted): Promise<AuditEntry> {
    const {receipts} = await this.writer.append(tenantId, [leafRow(admitted, true)]);
    return receipts[0] as AuditEntry;
  }

  /**
   * Stores a batch whole or not at all.
   *
   * @param batch rows that are at hand, or pages of them where they are many
   * @throws AuditError ID_CONFLICT naming the lines whose id another entry has, OVERLOADED
   */
  async createAll(
    tenantId: string,
    batch: readonly LeafRow[] | LeafPages,
    options: {receipts?: boolean} = {},
  ): Promise<StoredBatch> {
    if (typeof batch === 'function') return this.writer.appendPages(tenantId, batch, options);
    const {receipts, stored} = await this.writer.append(tenantId, batch);
    return {count: batch.length, stored, ...(options.receipts && {receipts: receipts.map(onlyReceipt)})};
  }

  /** Resolves when everything that was given to be stored has been stored or refused. */
  async drained(): Promise<void> {
    await this.writer.drained();
  }

  /** One page: up to `limit` entries, and whether there are more beyond them, in the direction that was read. */
  async find(
    tenantId: string,
    selection: Selection,
    limit: number,
  ): Promise<{entries: AuditEntry[]; more: boolean}> {
    const {backward} = selection;
    const order = backward ? selection.order.map(reversed) : selection.order;
    const found = await this.read(tenantId, session =>
      findEntries(session, tenantId, {...selection, order, limit: limit + 1}),
    );
    const entries = found.slice(0, limit);
    return {entries: backward ? entries.reverse() : entries, more: found.length > limit};
  }

  /** The number of entries under a condition where it is at most `cap`, and else that there are more. */
  async count(tenantId: string, condition: Condition, cap: number): Promise<EntryCount> {
    const count = await this.read(tenantId, session => countEntries(session, tenantId, condition, cap));
    return count > cap ? {count: cap, relation: 'gte'} : {count, relation: 'eq'};
  }

  /** About how many entries are under a condition, by a sample of them. */
  async estimate(tenantId: string, condition: Condition): Promise<EntryCount> {
    const {count, exact} = await this.read(tenantId, session =>
      estimateEntries(session, tenantId, condition, NEWEST),
    );
    return {count, relation: exact ? 'eq' : 'estimate'};
  }

  /** @throws AuditError INVALID_ID, ENTRY_NOT_FOUND */
  async findById(tenantId: string, id: string): Promise<AuditEntry> {
    const column = columnOf('id');
    if (!column || !isUuid(id)) {
      const detail = {field: 'id', code: 'INVALID_ID', message: 'must be a UUID'};
      throw new AuditError('INVALID_ID', 'The id of an entry is a UUID.', [detail]);
    }
    const comparison = {operator: 'eq', value: id.toLowerCase()} as const;
    const condition: Condition = {kind: 'compare', column, path: [], comparison};
    const order = [{column, descending: false}];
    const {entries} = await this.find(tenantId, {condition, order}, 1);
    const [entry] = entries;
    if (!entry) {
      const detail = {field: 'id', code: 'ENTRY_NOT_FOUND', message: 'is not an entry of this tenant'};
      throw new AuditError('ENTRY_NOT_FOUND', 'There is no such entry.', [detail]);
    }
    return entry;
  }

  /** Numbers of the entries under a condition, in one snapshot. */
  async summary(tenantId: string, condition: Condition, shape: SummaryShape): Promise<Summary> {
    const {queryTimeoutMs: timeoutMs} = this.options;
    return this.database.transaction({role: 'audit_reader', tenantId, timeoutMs, repeatable: true}, session =>
      summarize(session, tenantId, condition, shape),
    );
  }

  /** Where the actor of the entries under a condition acted from. */
  ipHistory(
    tenantId: string,
    condition: Condition,
    limit: number,
  ): Promise<{addresses: AddressUse[]; complete: boolean}> {
    return this.read(tenantId, session => ipHistory(session, tenantId, condition, limit));
  }

  private read<T>(tenantId: string, work: (session: Session) => Promise<T>): Promise<T> {
    const {queryTimeoutMs: timeoutMs} = this.options;
    return this.database.transaction({role: 'audit_reader', tenantId, timeoutMs}, work);
  }

  /** Every entry of a selection, in pages, from one snapshot; the database works only as fast as they are consumed. */
  stream(tenantId: string, selection: Selection, signal?: AbortSignal): AsyncGenerator<AuditEntry[]> {
    return this.database.stream(
      {role: 'audit_reader', tenantId, repeatable: true},
      session => streamEntries(session, tenantId, selection),
      signal,
    );
  }

  /** The key that cursors are authenticated with, shared by every process on this database. */
  async cursorSecret(): Promise<Buffer> {
    this.cursorKey ??= this.database
      .transaction({role: 'audit_reader', tenantId: ''}, session =>
        session.rows('SELECT key FROM audit_cursor_key'),
      )
      .then(([row]) => Buffer.from(String(row?.[0]), 'hex'));
    return this.cursorKey.catch(error => {
      this.cursorKey = undefined;
      throw error;
    });
  }
}
