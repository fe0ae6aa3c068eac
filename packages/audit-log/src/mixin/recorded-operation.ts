import type {Count, Entity, Filter, Options, Where} from '@loopback/repository';
import {Action} from '../action';
import type {RowChange} from '../diff/change';
import {recordStatements, unrecorded} from '../statement/statement-recorder';
import type {Auditable, AuditOptions, IAuditMixin, IAuditMixinOptions} from '../types';
import {AfterCommit} from './after-commit';
import {asOperation, isInsideOperation} from './operation';
import {Recorder} from './recorder';
import {exactly, lockedPages, PAGE_SIZE, type RowState, readRows} from './row-states';
import {inTransaction} from './transaction';

/** A repository whose changes are recorded. */
export type Host<M extends Entity, ID> = Auditable<M, ID> & IAuditMixin<unknown>;

/** The repository's own method, to be called with the options of the transaction. */
type Change<T> = (options: Options) => Promise<T>;

/** How a repository's operations are recorded: what happens to which rows, in one transaction with the change. */
export class RecordedOperation<M extends Entity, ID> {
  constructor(
    private readonly host: Host<M, ID>,
    private readonly options: IAuditMixinOptions,
    private readonly call: AuditOptions = {},
  ) {}

  /** Rows that come to be. `idsOf` names them when the change has returned. */
  insert<T>(action: Action, change: Change<T>, idsOf: (result: T) => readonly unknown[]): Promise<T> {
    return this.run(action, change, async (recorder, options) => {
      const result = await change(options);
      const ids = idsOf(result);
      for (let from = 0; from < ids.length; from += PAGE_SIZE) {
        const after = await this.read(ids.slice(from, from + PAGE_SIZE), options);
        await recorder.record(
          action,
          after.map(row => ({id: row.id, after: row.state})),
        );
      }
      return result;
    });
  }

  /** One row that is changed, or removed, or, by save, comes to be. `idOf` is asked again when it has no id yet. */
  one<T>(action: Action, id: unknown, change: Change<T>, idOf?: (result: T) => unknown): Promise<T> {
    return this.run(action, change, async (recorder, options) => {
      const before = id === undefined || id === null ? [] : await this.read([id], options, true);
      const result = await change(options);
      const key = before[0]?.key ?? idOf?.(result);
      const after = key === undefined || this.isGone(action) ? [] : await this.read([key], options);
      const happened = before.length === 0 && after.length > 0 ? Action.INSERT_ONE : action;
      await recorder.record(happened, changesOf(before, after));
      return result;
    });
  }

  /** Every row under a condition, a page at a time: each page is locked, changed and recorded before the next. */
  many(
    action: Action,
    where: Where<M> | undefined,
    change: (where: Where<M>, options: Options) => Promise<Count>,
  ) {
    return this.run(
      action,
      options => change(where ?? ({} as Where<M>), options),
      async (recorder, options) => {
        let count = 0;
        for await (const before of lockedPages(this.host, where, options)) {
          const keys = before.map(row => row.key);
          count += (await change(exactly(this.host, keys), options)).count;
          const after = this.isGone(action) ? [] : await this.read(keys, options);
          await recorder.record(action, changesOf(before, after));
        }
        return {count};
      },
    );
  }

  /**
   * Records by the statements of the change themselves where that can be done, and around the change elsewhere.
   * A part of another operation, and a call that is not to be recorded, go straight through.
   */
  private run<T>(
    action: Action,
    change: Change<T>,
    around: (recorder: Recorder<M, ID>, options: Options) => Promise<T>,
  ): Promise<T> {
    if (this.call.noAudit) return unrecorded(() => asOperation(this.host, () => change(this.call)));
    if (isInsideOperation(this.host)) return change(this.call);
    return asOperation(this.host, async () => {
      const afterCommit = new AfterCommit();
      const recorder = await Recorder.of(this.host, this.options, this.call, afterCommit);
      const statements = recorder.statementRecording(action);
      if (statements) return recordStatements(statements, () => change(this.call));
      const result = await inTransaction(this.host.dataSource, this.call, async (options, transaction) => {
        if (transaction && this.call.transaction) afterCommit.follow(transaction);
        return around(recorder.within(transaction), options);
      });
      if (!this.call.transaction) await afterCommit.run();
      return result;
    });
  }

  private read(keys: readonly unknown[], options: Options, lock = false): Promise<RowState[]> {
    const filter = {where: exactly(this.host, keys)} as Filter<M>;
    return readRows(this.host, filter, options, lock);
  }

  /** Whether removed rows are gone, rather than marked as a soft delete marks them. */
  private isGone(action: Action): boolean {
    return (
      (action === Action.DELETE_ONE || action === Action.DELETE_MANY) && !('deleteByIdHard' in this.host)
    );
  }
}

function changesOf(before: readonly RowState[], after: readonly RowState[]): RowChange[] {
  const later = new Map(after.map(row => [row.id, row.state]));
  const changed = before.map(({id, state}): RowChange => {
    const now = later.get(id);
    return {id, before: state, ...(now && {after: now})};
  });
  const known = new Set(before.map(row => row.id));
  return [...changed, ...after.filter(row => !known.has(row.id)).map(({id, state}) => ({id, after: state}))];
}
