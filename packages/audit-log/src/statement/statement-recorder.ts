import {AsyncLocalStorage, AsyncResource} from 'node:async_hooks';
import {createHash} from 'node:crypto';
import type {juggler, Transaction} from '@loopback/repository';
import type {Action} from '../action';
import type {RowChange} from '../diff/change';
import {documentOf} from '../diff/json-of';
import type {JsonObject} from '../entry';
import {transactionOn} from '../sinks/transaction-on';
import type {RecordedTable} from './recorded-table';
import {
  mayChange,
  recordingSql,
  type StatementKind,
  type Telling,
  TOLD_AFTER,
  TOLD_BEFORE,
  TOLD_ID,
} from './recording-sql';

/** The table whose changes are recorded, and the connector that sends the statements. */
interface Recorded {
  connector: object;
  target: RecordedTable;
}

/** Statements that fill the outbox with what they change. */
export interface OutboxRecording extends Recorded {
  to: 'outbox';
  /** What all entries of a statement share. */
  common(kind: StatementKind, action: Action): object;
  keepUnchanged: boolean;
}

/** Statements that tell the client what they changed. */
export interface ClientRecording extends Recorded {
  to: 'client';
  /** Told when a statement has run, with the transaction in which it did where it was not one of its own. */
  changed(
    kind: StatementKind,
    action: Action,
    changes: readonly RowChange[],
    transaction: Transaction | undefined,
  ): void;
}

export type StatementRecording = OutboxRecording | ClientRecording;

type Callback = (error: unknown, result?: unknown) => void;
type Query = string | {name: string; text: string};

/** The one method by which `loopback-connector-postgresql` sends statements. */
interface ExecutingConnector {
  name?: string;
  executeSQL(sql: Query, params: unknown[], options: object, callback: Callback): void;
}

/** An operation whose statements are recorded. What it leaves running behind is none of it any more. */
interface Running {
  recording: StatementRecording;
  action: Action;
  operation: {isOver: boolean};
}

const current = new AsyncLocalStorage<Running>();
const recording = new WeakSet<object>();

/** Whether the statements of a datasource can be recorded. */
export const isRecordable = (dataSource: juggler.DataSource): boolean => {
  const connector = dataSource.connector as ExecutingConnector | undefined;
  return connector?.name === 'postgresql' && typeof connector.executeSQL === 'function';
};

/** Runs `work`; the statements by which it changes the table tell of it as well. */
export async function recordStatements<T>(
  recording: StatementRecording,
  action: Action,
  work: () => Promise<T>,
): Promise<T> {
  teach(recording.connector as ExecutingConnector);
  const operation = {isOver: false};
  try {
    return await current.run({recording, action, operation}, work);
  } finally {
    operation.isOver = true;
  }
}

/** Runs `work` as a part of the present operation which is itself called `action`. */
export function recordPart<T>(action: (whole: Action) => Action, work: () => Promise<T>): Promise<T> {
  const running = current.getStore();
  return running ? current.run({...running, action: action(running.action)}, work) : work();
}

/** Runs `work` with its statements as they are. */
export const unrecorded = <T>(work: () => Promise<T>): Promise<T> => current.exit(work);

/** Lets a connector record the statements of operations; once. */
function teach(connector: ExecutingConnector): void {
  if (recording.has(connector)) return;
  recording.add(connector);
  const executeSQL = connector.executeSQL;
  connector.executeSQL = function (sql, params, options, callback) {
    const running = current.getStore();
    if (!running || running.operation.isOver || running.recording.connector !== connector) {
      executeSQL.call(this, sql, params, options, callback);
      return;
    }
    const {recording, action} = running;
    // The connection answers in the context in which it was opened, which is that of another operation.
    const answer = AsyncResource.bind(callback);
    const text = typeof sql === 'string' ? sql : sql.text;
    const statement = rewritten(text, recording.target, tellingOf(recording, params.length + 1));
    if (!statement) {
      if (mayChange(text, recording.target)) answer(unrecordable(recording.target));
      else executeSQL.call(this, sql, params, options, answer);
      return;
    }
    const {kind, query} = statement;
    const isFilling = recording.to === 'outbox';
    const values = isFilling ? [...params, JSON.stringify(recording.common(kind, action))] : params;
    executeSQL.call(this, query, values, options, (error, result) => {
      if (error) answer(error);
      else if (isFilling) answer(null, answered(kind, result as object[]));
      else {
        const rows = (kind === 'INSERT' ? result : (result as {rows: unknown}).rows) as ToldRow[];
        const changes = rows.map(row => changeOf(row, recording.target));
        recording.changed(kind, action, changes, transactionOn({connector}, options));
        answer(null, untold(kind, rows));
      }
    });
  };
}

const unrecordable = ({table}: RecordedTable): Error =>
  new Error(`A statement that changes ${table} cannot be recorded, and was not run.`);

const tellingOf = (recording: StatementRecording, parameter: number): Telling =>
  recording.to === 'outbox'
    ? {to: 'outbox', parameter, keepUnchanged: recording.keepUnchanged}
    : {to: 'client'};

/** Rows of an insert; the count of an update or a delete, as the connector gives it. */
function answered(kind: StatementKind, rows: object[]): unknown {
  if (kind === 'INSERT') return rows;
  const count = Number((rows[0] as {count?: number} | undefined)?.count ?? 0);
  return {affectedRows: count, count, rows: []};
}

type ToldRow = Record<string, unknown> & {
  [TOLD_ID]: string;
  [TOLD_BEFORE]?: JsonObject;
  [TOLD_AFTER]?: JsonObject;
};

/** What a statement told of a row. */
function changeOf(row: ToldRow, {columns}: RecordedTable): RowChange {
  const documents = columns.filter(({kind}) => kind === 'document').map(({property}) => property);
  const stateOf = (state: JsonObject): JsonObject => {
    for (const property of documents) state[property] = documentOf(state[property] ?? null);
    return state;
  };
  const {[TOLD_ID]: id, [TOLD_BEFORE]: before, [TOLD_AFTER]: after} = row;
  return {id, ...(before && {before: stateOf(before)}), ...(after && {after: stateOf(after)})};
}

/** What the connector would have got from the statement as it was. */
function untold(kind: StatementKind, rows: readonly ToldRow[]): unknown {
  if (kind !== 'INSERT') return {affectedRows: rows.length, count: rows.length, rows: []};
  return rows.map(({[TOLD_ID]: _id, [TOLD_AFTER]: _after, ...wanted}) => wanted);
}

/** A rewritten statement as the driver takes it. */
interface Rewritten {
  kind: StatementKind;
  query: Query;
}

/** Statements that were rewritten before, of each table. They are prepared, so their number is bounded. */
const known = new WeakMap<RecordedTable, Map<string, Rewritten | undefined>>();
const REMEMBERED = 500;
/** Longest text of such a one; a list of rows to insert is another text each time. */
const REMEMBERED_LENGTH = 4_000;

function rewritten(text: string, target: RecordedTable, telling: Telling): Rewritten | undefined {
  const statements = known.get(target) ?? new Map<string, Rewritten | undefined>();
  known.set(target, statements);
  const way = telling.to === 'outbox' ? `outbox ${telling.parameter} ${telling.keepUnchanged}` : 'client';
  const key = `${way} ${text}`;
  if (statements.has(key)) return statements.get(key);
  const statement = recordingSql(text, target, telling);
  const isKept = text.length <= REMEMBERED_LENGTH && statements.size < REMEMBERED;
  const made = statement && {kind: statement.kind, query: isKept ? named(statement.text) : statement.text};
  if (isKept) statements.set(key, made);
  return made;
}

/** A statement under a name, which PostgreSQL plans once for each connection. */
const named = (text: string): Query => ({
  name: `audit-${createHash('sha1').update(text).digest('base64url')}`,
  text,
});
