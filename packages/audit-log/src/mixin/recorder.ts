import type {Entity, Transaction} from '@loopback/repository';
import {Action} from '../action';
import {AuditRequiredError} from '../audit-required-error';
import {currentContext} from '../context/audit-context';
import {type ChangePolicy, type RowChange, recordedChange} from '../diff/change';
import {masking} from '../diff/mask';
import {entryId} from '../entry-id';
import {outboxSink} from '../outbox/outbox-sink';
import type {AuditSink, SinkEntry} from '../sinks/audit-sink';
import {type Delivery, isBeforeCommit} from '../sinks/delivery';
import {deliveryFailures} from '../sinks/delivery-failures';
import {repositorySink} from '../sinks/repository-sink';
import {sinkOf} from '../sinks/sink-of';
import {type NamingConnector, recordedTable} from '../statement/recorded-columns';
import type {StatementKind} from '../statement/recording-sql';
import {isRecordable, type StatementRecording} from '../statement/statement-recorder';
import type {
  ActorId,
  Auditable,
  AuditOptions,
  ExtraColumns,
  IAuditMixin,
  IAuditMixinOptions,
  User,
} from '../types';
import type {AfterCommit} from './after-commit';
import {EXTRA_COLUMNS} from './extra-columns';
import {idOf} from './row-states';

/** Turns the changes of one operation into entries, and hands them to the sink. */
export class Recorder<M extends Entity, ID> {
  private constructor(
    private readonly repository: Auditable<M, ID>,
    private readonly sink: AuditSink,
    private readonly delivery: Delivery,
    private readonly afterCommit: AfterCommit,
    private readonly options: IAuditMixinOptions,
    private readonly common: ExtraColumns & {actor: string},
    private readonly transaction?: Transaction,
  ) {}

  static async of<M extends Entity, ID>(
    repository: Auditable<M, ID> & IAuditMixin<unknown>,
    options: IAuditMixinOptions,
    call: AuditOptions,
    afterCommit: AfterCommit,
  ): Promise<Recorder<M, ID>> {
    const user = (await repository.getCurrentUser?.()) as User | undefined;
    const common = {
      ...tenantOf(user),
      ...currentContext(),
      ...actorOf(user, repository.actorIdKey, call),
      actedOn: repository.entityClass.modelName,
      ...extraColumns(options),
      ...extraColumns(call),
    };
    const sink = sinkFor(repository, options);
    const delivery = call.auditDelivery ?? options.delivery ?? sink.delivery ?? 'required';
    return new Recorder(repository, sink, delivery, afterCommit, options, common);
  }

  /** The same for a change in a transaction. */
  within(transaction: Transaction | undefined): Recorder<M, ID> {
    const {repository, sink, delivery, afterCommit, options, common} = this;
    return new Recorder(repository, sink, delivery, afterCommit, options, common, transaction);
  }

  /**
   * How the statements of the change record it by themselves: into the outbox of a PostgreSQL. Undefined where
   * entries go elsewhere.
   */
  statementRecording(action: Action): StatementRecording | undefined {
    const {entityClass, dataSource} = this.repository;
    const {mask = []} = this.options;
    // A function of the host's cannot be asked by PostgreSQL.
    if (typeof mask === 'function') return undefined;
    if (this.sink !== outboxSink || this.delivery !== 'transactional' || !isRecordable(dataSource))
      return undefined;
    const connector = dataSource.connector as unknown as NamingConnector;
    const {isMasked, ignored} = this.policy;
    return {
      connector,
      target: recordedTable(entityClass, idOf(entityClass), connector, isMasked, ignored, [
        ...this.hidden,
        ...mask,
      ]),
      common: kind => ({...this.common, action: actionOf(kind, action)}),
      keepUnchanged: this.options.recordUnchanged ?? false,
    };
  }

  private get policy(): ChangePolicy {
    const {mask, ignore = []} = this.options;
    return {isMasked: masking(this.hidden, mask), ignored: ignore};
  }

  private get hidden(): readonly string[] {
    return this.repository.entityClass.definition.settings.hiddenProperties ?? [];
  }

  /** Records changes of rows; those that changed nothing are left out, unless the mixin keeps them. */
  async record(action: Action, changes: readonly RowChange[]): Promise<void> {
    const {policy} = this;
    const {recordUnchanged = false} = this.options;
    const actedAt = new Date().toISOString();
    const entries: SinkEntry[] = [];
    for (const change of changes) {
      const recorded = recordedChange(change, policy);
      if (recorded.changedFields.length === 0 && !recordUnchanged) continue;
      entries.push({...this.common, id: entryId(), action, actedAt, entityId: change.id, ...recorded});
    }
    if (entries.length === 0) return;
    if (isBeforeCommit(this.delivery)) {
      const scope = {
        dataSource: this.repository.dataSource,
        ...(this.transaction && {transaction: this.transaction}),
      };
      await this.sink.deliver(entries, scope).catch(cause => {
        throw new AuditRequiredError({cause});
      });
    } else {
      this.afterCommit.add(() => this.deliverAfter(entries));
    }
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

const extraColumns = (from: object): ExtraColumns =>
  Object.fromEntries(
    Object.entries(from).filter(([name, value]) => EXTRA_COLUMNS.has(name) && value !== undefined),
  );

/**
 * What a statement of an operation does: what the operation is called, unless it does something else. An update
 * of a deletion is a soft delete; an insert of a save is an insert.
 */
function actionOf(kind: StatementKind, operation: Action): Action {
  const many = operation.endsWith('_MANY');
  if (kind === 'INSERT') return many ? Action.INSERT_MANY : Action.INSERT_ONE;
  if (kind === 'DELETE') return many ? Action.DELETE_MANY : Action.DELETE_ONE;
  return operation.startsWith('INSERT') ? Action.UPDATE_ONE : operation;
}
