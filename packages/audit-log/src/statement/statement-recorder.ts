import {AsyncLocalStorage} from 'node:async_hooks';
import {createHash} from 'node:crypto';
import type {juggler} from '@loopback/repository';
import type {RecordedTable} from './recorded-columns';
import {mayChange, recordingSql, type StatementKind} from './recording-sql';

/** What the statements of one operation record. */
export interface StatementRecording {
  connector: object;
  target: RecordedTable;
  /** What all entries of a statement share, by its kind. */
  common(kind: StatementKind): object;
  keepUnchanged: boolean;
}

type Callback = (error: unknown, result?: unknown) => void;
type Query = string | {name: string; text: string};

/** The one method by which `loopback-connector-postgresql` sends statements. */
interface ExecutingConnector {
  name?: string;
  executeSQL(sql: Query, params: unknown[], options: object, callback: Callback): void;
}

const current = new AsyncLocalStorage<StatementRecording>();
const recording = new WeakSet<object>();

/** Longest statement that is prepared; a list of rows to insert is another statement each time. */
const PREPARED_LENGTH = 20_000;
const PREPARED_PARAMETERS = 60;

/** Whether the statements of a datasource can be recorded. */
export const isRecordable = (dataSource: juggler.DataSource): boolean => {
  const connector = dataSource.connector as ExecutingConnector | undefined;
  return connector?.name === 'postgresql' && typeof connector.executeSQL === 'function';
};

/** Runs `work`; the statements by which it changes the table fill the outbox as well. */
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
    const text = typeof sql === 'string' ? sql : sql.text;
    const statement =
      store?.connector === connector
        ? recordingSql(text, store.target, params.length + 1, store.keepUnchanged)
        : undefined;
    if (store?.connector === connector && !statement && mayChange(text, store.target)) {
      callback(
        new Error(`A statement that changes ${store.target.table} cannot be recorded, and was not run.`),
      );
      return;
    }
    if (!store || !statement) {
      executeSQL.call(this, sql, params, options, callback);
      return;
    }
    const values = [...params, JSON.stringify(store.common(statement.kind))];
    executeSQL.call(this, prepared(statement.text, values), values, options, (error, rows) =>
      error ? callback(error) : callback(null, resultOf(statement.kind, rows as object[])),
    );
  };
}

/** Rows of an insert; the count of an update or a delete, as the connector gives it. */
function resultOf(kind: StatementKind, rows: object[]): unknown {
  if (kind === 'INSERT') return rows;
  const count = Number((rows[0] as {count?: number} | undefined)?.count ?? 0);
  return {affectedRows: count, count, rows: []};
}

/** A statement under a name, which PostgreSQL plans once for each connection. */
function prepared(text: string, values: readonly unknown[]): Query {
  if (text.length > PREPARED_LENGTH || values.length > PREPARED_PARAMETERS) return text;
  return {name: `audit-${createHash('sha1').update(text).digest('base64url')}`, text};
}
