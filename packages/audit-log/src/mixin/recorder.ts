import type {Entity, Transaction} from '@loopback/repository';
import {Action} from '../action';
import {AuditRequiredError} from '../audit-required-error';
import {currentContext} from '../context/audit-context';
import {type RowChange, recordedChange} from '../diff/change';
import {entryId} from '../entry-id';
import {outboxSink} from '../outbox/outbox-sink';
import type {AuditSink, SinkEntry} from '../sinks/audit-sink';
import {type Delivery, isBeforeCommit} from '../sinks/delivery';
import {deliveryFailures} from '../sinks/delivery-failures';
import {repositorySink} from '../sinks/repository-sink';
import {sinkOf} from '../sinks/sink-of';
import type {RecordedTable} from '../statement/recorded-columns';
import type {StatementKind} from '../statement/recording-sql';
import type {ClientRecording, OutboxRecording} from '../statement/statement-recorder';
import type {
  ActorId,
  Auditable,
  AuditOptions,
  ExtraColumns,
  IAuditMixin,
  IAuditMixinOptions,
  User,
} from '../types';
import {afterCommit} from './after-commit';
import {extraColumns} from './extra-columns';
import {type RecordedModel, recordedModel} from './recorded-model';

/** Turns the changes of one operation into entries, and hands them to the sink. */
export class Recorder<M extends Entity, ID> {
  private constructor(
    private readonly repository: Auditable<M, ID>,
    private readonly sink: AuditSink,
    private readonly delivery: Delivery,
    private readonly options: IAuditMixinOptions,
    private readonly model: RecordedModel,
    private readonly common: ExtraColumns & {actor: string},
  ) {}

  static async of<M extends Entity, ID>(
    repository: Auditable<M, ID> & IAuditMixin<unknown>,
    options: IAuditMixinOptions,
    call: AuditOptions,
  ): Promise<Recorder<M, ID>> {
    const user = (await repository.getCurrentUser?.()) as User | undefined;
    const model = recordedModel(options, repository.entityClass, repository.dataSource);
    const common = {
      ...currentContext(),
      ...actorOf(user, repository.actorIdKey, call),
      ...tenantOf(user),
      actedOn: repository.entityClass.modelName,
      ...model.columns,
      ...extraColumns(call),
    };
    const sink = sinkFor(repository, options);
    const delivery = call.auditDelivery ?? options.delivery ?? sink.delivery ?? 'required';
    return new Recorder(repository, sink, delivery, options, model, common);
  }

  /** Whether the entries go out before the change is committed, and their failure undoes it. */
  get isBeforeCommit(): boolean {
    return isBeforeCommit(this.delivery);
  }

  /** How the statements of the change fill the outbox by themselves. Undefined where entries go elsewhere. */
  outboxRecording(action: Action): OutboxRecording | undefined {
    const {mask, recordUnchanged = false} = this.options;
    const {table} = this.model;
    // A function of the host's cannot be asked by PostgreSQL.
    if (!table || this.sink !== outboxSink || this.delivery !== 'transactional' || typeof mask === 'function')
      return undefined;
    return {
      to: 'outbox',
      ...this.recorded(table),
      common: kind => ({...this.common, action: actionOf(kind, action)}),
      keepUnchanged: recordUnchanged,
    };
  }

  /** How the statements of the change tell of it. Undefined where the database has no such statements. */
  clientRecording(changed: ClientRecording['changed']): ClientRecording | undefined {
    const {table} = this.model;
    return table && {to: 'client', ...this.recorded(table), changed};
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
      const scope = {dataSource: this.repository.dataSource, ...(transaction && {transaction})};
      await this.sink.deliver(entries, scope).catch(cause => {
        throw new AuditRequiredError({cause});
      });
    } else if (transaction) afterCommit(transaction, () => this.deliverAfter(entries));
    else await this.deliverAfter(entries);
  }

  private entriesOf(action: Action, changes: readonly RowChange[]): SinkEntry[] {
    const {policy} = this.model;
    const {recordUnchanged = false} = this.options;
    const actedAt = new Date().toISOString();
    const entries: SinkEntry[] = [];
    for (const change of changes) {
      const recorded = recordedChange(change, policy);
      if (recorded.changedFields.length === 0 && !recordUnchanged) continue;
      entries.push({...this.common, id: entryId(), action, actedAt, entityId: change.id, ...recorded});
    }
    return entries;
  }

  /** The change stands: a failure is reported, for there is nothing left to undo. */
  private async deliverAfter(entries: readonly SinkEntry[]): Promise<void> {
    const delivered = this.sink
      .deliver(entries, {})
      .catch(error => deliveryFailures.report({entries, error}));
    if (this.delivery === 'durable') await delivered;
  }
}

/** The sink of the mixin, of the datasource, or the repository of audit logs that the class has. */
function sinkFor<M extends Entity, ID>(
  repository: Auditable<M, ID> & IAuditMixin<unknown>,
  {sink}: IAuditMixinOptions,
): AuditSink {
  const chosen = sink ?? sinkOf(repository.dataSource);
  if (chosen) return chosen;
  const {getAuditLogRepository} = repository;
  if (getAuditLogRepository) return repositorySink(() => getAuditLogRepository.call(repository));
  throw new Error(
    `${repository.constructor.name} has nowhere to record its changes: configure an outbox for its datasource, ` +
      'give the mixin a sink, or the class getAuditLogRepository.',
  );
}

function actorOf(user: User | undefined, key: ActorId = 'id', {actorId}: AuditOptions): ActorColumns {
  const context = currentContext();
  const named = actorId ?? user?.[key];
  if (named !== undefined && named !== null) {
    return {
      actor: String(named),
      actorType: context.actorType ?? 'user',
      ...(actorId === undefined && user?.username && {actorName: user.username}),
      ...(actorId === undefined && user?.email && {actorEmail: user.email}),
    };
  }
  return context.actor === undefined
    ? {actor: 'system', actorType: 'system'}
    : {actor: context.actor, actorType: context.actorType ?? 'user'};
}

type ActorColumns = Pick<ExtraColumns, 'actorType' | 'actorName' | 'actorEmail'> & {actor: string};

const tenantOf = (user: User | undefined): Pick<ExtraColumns, 'tenantId'> => {
  const tenantId = user?.tenantId;
  return tenantId === undefined || tenantId === null ? {} : {tenantId: String(tenantId)};
};

/**
 * What a statement of an operation does: what the operation is called, unless it does something else. An update
 * of a deletion is a soft delete; an insert of a save is an insert.
 */
export function actionOf(kind: StatementKind, operation: Action): Action {
  const many = operation.endsWith('_MANY');
  if (kind === 'INSERT') return many ? Action.INSERT_MANY : Action.INSERT_ONE;
  if (kind === 'DELETE') return many ? Action.DELETE_MANY : Action.DELETE_ONE;
  return operation.startsWith('INSERT') ? Action.UPDATE_ONE : operation;
}
