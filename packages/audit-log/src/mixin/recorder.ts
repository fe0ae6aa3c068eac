import type {Entity, Transaction} from '@loopback/repository';
import type {Action} from '../action';
import {currentContext} from '../context/audit-context';
import {tenantColumn, tenantOfUser} from '../context/request-tenant';
import {type RowChange, recordedChange} from '../diff/change';
import {withheldId} from '../diff/mask';
import {entryId} from '../entry-id';
import {moment} from '../moment';
import {outboxSink} from '../outbox/outbox-sink';
import type {AuditSink, SinkEntry} from '../sinks/audit-sink';
import {checkDelivery} from '../sinks/check-delivery';
import {type Delivery, isBeforeCommit} from '../sinks/delivery';
import {deliveryFailures} from '../sinks/delivery-failures';
import type {RecordedTable} from '../statement/recorded-table';
import type {ClientRecording, OutboxRecording} from '../statement/statement-recorder';
import type {Auditable, AuditOptions, ExtraColumns, IAuditMixin, RecordingOptions} from '../types';
import {actionOf, isSoftDeleting} from './action-of';
import {actorOf} from './actor';
import {afterCommit} from './at-commit';
import {currentUserOf} from './current-user';
import {asMetadata, extraColumns, ownColumns} from './extra-columns';
import {type RecordedModel, recordedModel} from './recorded-model';
import {deliverRequired} from './required-delivery';
import {sinkFor} from './sink-for';

/** Turns the changes of one operation into entries, and hands them to the sink. */
export class Recorder<M extends Entity, ID> {
  private constructor(
    private readonly repository: Auditable<M, ID>,
    private readonly sink: AuditSink,
    private readonly delivery: Delivery,
    private readonly options: RecordingOptions,
    private readonly model: RecordedModel,
    private readonly common: ExtraColumns & {actor: string},
  ) {}

  static async of<M extends Entity, ID>(
    repository: Auditable<M, ID> & IAuditMixin<unknown>,
    options: RecordingOptions,
    call: AuditOptions,
  ): Promise<Recorder<M, ID>> {
    const user = await currentUserOf(repository);
    const model = recordedModel(options, repository.entityClass, repository.dataSource);
    const columns = {...model.columns, ...extraColumns(call)};
    const own = {...model.ownColumns, ...ownColumns(call, model.policy.isMasked)};
    const common = {
      ...tenantColumn(tenantOfUser(user)),
      ...currentContext(),
      ...actorOf(user, repository.actorIdKey, call),
      actedOn: repository.entityClass.modelName,
      ...columns,
      ...asMetadata(own, columns),
    };
    const sink = sinkFor(repository, options);
    const asked = call.auditDelivery ?? options.delivery ?? sink.delivery ?? 'required';
    // The outbox is beside the entity, and costs no more than any weaker promise.
    const delivery = sink === outboxSink ? 'transactional' : asked;
    checkDelivery(sink, delivery);
    return new Recorder(repository, sink, delivery, options, model, common);
  }

  /** Whether the entries go out before the change is committed, and their failure undoes it. */
  get isBeforeCommit(): boolean {
    return isBeforeCommit(this.delivery);
  }

  /** How the statements of the change fill the outbox by themselves. Undefined where entries go elsewhere. */
  outboxRecording(): OutboxRecording | undefined {
    const {mask, recordUnchanged = false} = this.options;
    const {table} = this.model;
    // A function of the host's cannot be asked by PostgreSQL.
    if (!table || this.sink !== outboxSink || typeof mask === 'function') return undefined;
    return {
      to: 'outbox',
      ...this.recorded(table),
      common: (kind, action) => ({...this.common, action: actionOf(kind, action, this.isSoft)}),
      keepUnchanged: recordUnchanged,
    };
  }

  /** How the statements of the change tell of it. Undefined where the database has no such statements. */
  clientRecording(
    changed: (action: Action, changes: readonly RowChange[], transaction?: Transaction) => void,
  ): ClientRecording | undefined {
    const {table} = this.model;
    if (!table) return undefined;
    return {
      to: 'client',
      ...this.recorded(table),
      changed: (kind, action, ...told) => changed(actionOf(kind, action, this.isSoft), ...told),
    };
  }

  private get isSoft(): boolean {
    return isSoftDeleting(this.repository);
  }

  private recorded(target: RecordedTable): Pick<ClientRecording, 'connector' | 'target'> {
    return {connector: this.repository.dataSource.connector as object, target};
  }

  /**
   * Records changes of rows; those that changed nothing are left out, unless the mixin keeps them. What goes out
   * only after the commit waits for that of the transaction, where there is one.
   *
   * @throws AuditRequiredError where the entries must go out before the commit, and cannot
   */
  async record(action: Action, changes: readonly RowChange[], transaction?: Transaction): Promise<void> {
    const entries = this.entriesOf(action, changes);
    if (entries.length === 0) return;
    if (this.isBeforeCommit) {
      const {dataSource} = this.repository;
      await deliverRequired(this.sink, entries, {dataSource, ...(transaction && {transaction})});
    } else if (transaction)
      afterCommit(transaction, () => this.deliverAfter(entries), this.asking(transaction));
    else await this.deliverAfter(entries);
  }

  /** Asks PostgreSQL whether a transaction still stands. */
  private asking(transaction: Transaction): (() => Promise<unknown>) | undefined {
    const {dataSource} = this.repository;
    return this.model.table && (() => dataSource.execute('SELECT 1', [], {transaction}));
  }

  private entriesOf(action: Action, changes: readonly RowChange[]): SinkEntry[] {
    const {policy, isIdMasked} = this.model;
    const shownId = (id: string) => (isIdMasked ? withheldId(id) : id);
    const {recordUnchanged = false} = this.options;
    const actedAt = moment();
    const entries: SinkEntry[] = [];
    for (const change of changes) {
      const recorded = recordedChange(change, policy);
      if (recorded.changedFields.length === 0 && !recordUnchanged) continue;
      entries.push({
        ...this.common,
        id: entryId(),
        action,
        actedAt,
        entityId: shownId(change.id),
        ...recorded,
      });
    }
    return entries;
  }

  /** The change stands: a failure is reported, for there is nothing left to undo. */
  private async deliverAfter(entries: readonly SinkEntry[]): Promise<void> {
    const delivered = (async () => this.sink.deliver(entries, {}))().catch(error =>
      deliveryFailures.report({entries, error}),
    );
    if (this.delivery === 'durable') await delivered;
  }
}
