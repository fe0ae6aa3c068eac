import type {Count, Entity, Filter, Options, Where} from '@loopback/repository';
import {Action} from '../action';
import {connected} from '../connected';
import type {RowChange} from '../diff/change';
import {recordPart, recordStatements, unrecorded} from '../statement/statement-recorder';
import type {Auditable, AuditOptions, IAuditMixin, RecordingOptions} from '../types';
import {isSoftDeleting} from './action-of';
import {asOperation, isInsideOperation} from './operation';
import {Recorder} from './recorder';
import {
  exactly,
  idNamesOf,
  idOf,
  keyPages,
  lockedPages,
  PAGE_SIZE,
  type RowState,
  readRows,
} from './row-states';
import {inTransaction} from './transaction';

/** A repository whose changes are recorded. */
export type Host<M extends Entity, ID> = Auditable<M, ID> & IAuditMixin<unknown>;

/** The repository's own method, to be called with the options of the transaction. */
type Change<T> = (options: Options) => Promise<T>;

/** How an operation changes rows, and how it is recorded where its statements cannot tell of them. */
interface Work<T> {
  /** The whole change. */
  whole: Change<T>;
  /** The whole change in parts, so that what is told of them need not be held all at once. */
  inParts?: (options: Options, afterPart: () => Promise<void>) => Promise<T>;
  /** Reads rows before and after the change, and records the difference. */
  around: (record: Record, options: Options) => Promise<T>;
}

type Record = (action: Action, changes: readonly RowChange[]) => Promise<void>;

/** How a repository's operations are recorded: what happens to which rows, in one transaction with the change. */
export class RecordedOperation<M extends Entity, ID> {
  constructor(
    private readonly host: Host<M, ID>,
    private readonly options: RecordingOptions,
    private readonly call: AuditOptions = {},
  ) {}

  /** Rows that come to be. `idsOf` names them when the change has returned. */
  insert<T>(action: Action, change: Change<T>, idsOf: (result: T) => readonly unknown[]): Promise<T> {
    const around: Work<T>['around'] = async (record, options) => {
      const result = await change(options);
      const ids = idsOf(result);
      for (let from = 0; from < ids.length; from += PAGE_SIZE) {
        const page = ids.slice(from, from + PAGE_SIZE);
        const after = await this.read(page, options);
        if (after.length < page.length)
          throw new Error('Rows that came to be could not be read, to be recorded.');
        await record(
          action,
          after.map(row => ({id: row.id, after: row.state})),
        );
      }
      return result;
    };
    return this.run(action, {whole: change, around});
  }

  /** One row that is changed, or removed, or, by save, comes to be. `idOf` is asked again when it has no id yet. */
  one<T>(action: Action, id: unknown, change: Change<T>, idOf?: (result: T) => unknown): Promise<T> {
    const around: Work<T>['around'] = async (record, options) => {
      const before = id === undefined || id === null ? [] : await this.read([id], options, true);
      const result = await change(options);
      const key = before[0]?.key ?? idOf?.(result);
      const after = key === undefined || this.isGone(action) ? [] : await this.read([key], options);
      const happened = before.length === 0 && after.length > 0 ? Action.INSERT_ONE : action;
      await record(happened, changesOf(before, after));
      return result;
    };
    return this.run(action, {whole: change, around});
  }

  /** Every row under a condition; where it must be, a page at a time, changed and recorded before the next. */
  many(
    action: Action,
    where: Where<M> | undefined,
    change: (where: Where<M>, options: Options) => Promise<Count>,
  ): Promise<Count> {
    const inParts: Work<Count>['inParts'] = async (options, afterPart) => {
      let count = 0;
      for await (const keys of keyPages(this.host, where, options)) {
        // Whatever has left the condition meanwhile is left alone, as the one statement would do.
        const page = {and: [where ?? {}, exactly(this.host, keys)]} as unknown as Where<M>;
        count += (await change(page, options)).count;
        await afterPart();
      }
      return {count};
    };
    const around: Work<Count>['around'] = async (record, options) => {
      let count = 0;
      for await (const before of lockedPages(this.host, where, options)) {
        const keys = before.map(row => row.key);
        count += (await change(exactly(this.host, keys), options)).count;
        const after = this.isGone(action) ? [] : await this.read(keys, options);
        await record(action, changesOf(before, after));
      }
      return {count};
    };
    const whole: Change<Count> = options => change(where ?? ({} as Where<M>), options);
    const isComposite = idNamesOf(this.host.entityClass).length > 1;
    return this.run(action, {whole, around, ...(!isComposite && {inParts})});
  }

  /**
   * Records by what the statements of the change tell, and around the change where they cannot. A part of
   * another operation, and a call that is not to be recorded, go straight through.
   */
  private run<T>(action: Action, work: Work<T>): Promise<T> {
    if (this.call.noAudit) return unrecorded(() => asOperation(this.host, () => work.whole(this.call)));
    if (isInsideOperation(this.host)) {
      return recordPart(
        whole => (verbOf(whole) === verbOf(action) || this.isMarking(whole) ? whole : action),
        () => work.whole(this.call),
      );
    }
    return asOperation(this.host, async () => {
      // What juggler keeps until it is connected, it runs in the context of whoever connected it.
      await connected(this.host.dataSource);
      const recorder = await Recorder.of(this.host, this.options, this.call);
      const outbox = recorder.outboxRecording();
      if (outbox) return recordStatements(outbox, action, () => work.whole(this.call));
      const byStatements = this.byStatements(recorder, action, work);
      if (byStatements) return byStatements;
      idOf(this.host.entityClass);
      return inTransaction(this.host.dataSource, this.call, (options, transaction) =>
        work.around((...change) => recorder.record(...change, transaction), options),
      );
    });
  }

  /** Records what the statements of the change tell. Undefined where the database has none that do. */
  private byStatements<T>(recorder: Recorder<M, ID>, action: Action, work: Work<T>): Promise<T> | undefined {
    const told: (() => Promise<void>)[] = [];
    const recording = recorder.clientRecording((...change) => {
      told.push(() => recorder.record(...change));
    });
    if (!recording) return undefined;
    const recordTold = async () => {
      for (const record of told.splice(0)) await record();
    };
    const change = async (options: Options) => {
      try {
        const result = await recordStatements(recording, action, () =>
          work.inParts ? work.inParts(options, recordTold) : work.whole(options),
        );
        await recordTold();
        return result;
      } catch (error) {
        // Statements that ran before another one failed stand, unless a transaction undoes them.
        if (!recorder.isBeforeCommit) await recordTold();
        throw error;
      }
    };
    // One statement is a transaction of its own, unless entries must go out before it is committed.
    if (!work.inParts && !recorder.isBeforeCommit) return change(this.call);
    return inTransaction(this.host.dataSource, this.call, change);
  }

  private read(keys: readonly unknown[], options: Options, lock = false): Promise<RowState[]> {
    const filter = {where: exactly(this.host, keys)} as Filter<M>;
    return readRows(this.host, filter, options, lock);
  }

  /** Whether an operation marks rows as deleted. */
  private isMarking(action: Action): boolean {
    return action.startsWith('DELETE') && isSoftDeleting(this.host);
  }

  /** Whether an operation removes rows. */
  private isGone(action: Action): boolean {
    return action.startsWith('DELETE') && !isSoftDeleting(this.host);
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

/** What an action does, be it to one row or to many. */
const verbOf = (action: Action): string | undefined => action.split('_')[0];
