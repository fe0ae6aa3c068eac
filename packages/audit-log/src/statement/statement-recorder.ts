import {AsyncLocalStorage} from 'node:async_hooks';
import {createHash} from 'node:crypto';
import type {juggler, Transaction} from '@loopback/repository';
import type {RowChange} from '../diff/change';
import type {JsonObject} from '../entry';
import type {RecordedTable} from './recorded-columns';
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
  /** What all entries of a statement share, by its kind. */
  common(kind: StatementKind): object;
  keepUnchanged: boolean;
}

/** Statements that tell the client what they changed. */
export interface ClientRecording extends Recorded {
  to: 'client';
  /** Told when a statement has run, with the transaction in which it did where it was not one of its own. */
  changed(kind: StatementKind, changes: readonly RowChange[], transaction: Transaction | undefined): void;
}

export type StatementRecording = OutboxRecording | ClientRecording;

type Callback = (error: unknown, result?: unknown) => void;
type Query = string | {name: string; text: string};

/** The one method by which `loopback-connector-postgresql` sends statements. */
interface ExecutingConnector {
  name?: string;
  executeSQL(sql: Query, params: unknown[], options: object, callback: Callback): void;
}

const current = new AsyncLocalStorage<StatementRecording>();
const recording = new WeakSet<object>();

/** Whether the statements of a datasource can be recorded. */
export const isRecordable = (dataSource: juggler.DataSource): boolean => {
  const connector = dataSource.connector as ExecutingConnector | undefined;
  return connector?.name === 'postgresql' && typeof connector.executeSQL === 'function';
};

/** Runs `work`; the statements by which it changes the table tell of it as well. */
export function recordStatements<T>(recordingOf: StatementRecording, work: () => Promise<T>): Promise<T> {
  teach(recordingOf.connector as ExecutingConnector);
  return current.run(recordingOf, work);
}

/** Runs `work` with its statements as they are. */
export const unrecorded = <T>(work: () => Promise<T>): Promise<T> => current.exit(work);

/** Lets a connector record the statements of operations; once. */
function teach(connector: ExecutingConnector): void {
  if (recording.has(connector)) return;
  recording.add(connector);
  const executeSQL = connector.executeSQL;
  connector.executeSQL = function (sql, params, options, callback) {
    const store = current.getStore();
    const recording = store?.connector === connector ? store : undefined;
    const text = typeof sql === 'string' ? sql : sql.text;
    const telling = recording && tellingOf(recording, params.length + 1);
    const statement = telling && rewritten(text, recording.target, telling);
    if (recording && !statement && mayChange(text, recording.target)) {
      callback(
        new Error(`A statement that changes ${recording.target.table} cannot be recorded, and was not run.`),
      );
      return;
    }
    if (!statement) {
      executeSQL.call(this, sql, params, options, callback);
      return;
    }
    const {kind} = statement;
    const values = recording.to === 'outbox' ? [...params, JSON.stringify(recording.common(kind))] : params;
    executeSQL.call(this, statement.query, values, options, (error, result) => {
      if (error) callback(error);
      else if (recording.to === 'outbox') callback(null, answered(kind, result as object[]));
      else callback(null, told(recording, kind, result, transactionOf(options, connector)));
    });
  };
}

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

/** Passes the rows on to the recording, and gives the connector what it would have got without it. */
function told(
  {changed}: ClientRecording,
  kind: StatementKind,
  result: unknown,
  transaction: Transaction | undefined,
): unknown {
  const rows = (kind === 'INSERT' ? result : (result as {rows: unknown}).rows) as ToldRow[];
  const changes: RowChange[] = [];
  const wanted = rows.map(({[TOLD_ID]: id, [TOLD_BEFORE]: before, [TOLD_AFTER]: after, ...rest}) => {
    changes.push({id, ...(before && {before}), ...(after && {after})});
    return rest;
  });
  changed(kind, changes, transaction);
  return kind === 'INSERT' ? wanted : {affectedRows: rows.length, count: rows.length, rows: []};
}

/** The transaction in which a connector runs a statement; it runs those of other datasources without. */
function transactionOf(options: object, connector: object): Transaction | undefined {
  const {transaction} = options as {transaction?: Transaction & {connector?: object}};
  return transaction?.connector === connector ? transaction : undefined;
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
