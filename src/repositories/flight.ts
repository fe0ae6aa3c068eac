import type {Connection, Submittable} from 'pg';
import {ENTRY_TYPES} from './result-types';

/** A statement, its values, and what else goes with it. */
export interface Statement {
  text: string;
  values?: readonly unknown[];
  /** Of a statement that is run again and again: each connection prepares it once. */
  name?: string | undefined;
  /** Rows of COPY … FROM STDIN, in the text format of COPY. */
  copy?: string;
}

/** What this process has prepared on a connection, by name. */
const prepared = new WeakMap<Connection, Set<string>>();

/**
 * Statements that are sent together and answered together (PostgreSQL, extended query protocol: one Sync for all of
 * them). They run one after the other; where one fails those behind it do not run. Only the last one's rows are answered.
 */
export class Flight implements Submittable {
  /** The rows of the last statement, once all are done; rejected with the first fault. */
  readonly rows: Promise<unknown[][]>;
  /** What the last statement is said to have done, such as `COMMIT`. */
  tag = '';
  private readonly answer: unknown[][] = [];
  private readonly unprepared: string[] = [];
  private parsers: ((text: string) => unknown)[] | undefined;
  private connection: Connection | undefined;
  private done: (rows: unknown[][]) => void = () => {};
  private failed: (error: unknown) => void = () => {};

  constructor(private readonly statements: readonly Statement[]) {
    this.rows = new Promise((done, failed) => {
      this.done = done;
      this.failed = failed;
    });
  }

  /** Called by the client when it is this flight's turn. */
  submit(connection: Connection): void {
    this.connection = connection;
    connection.on('parseComplete', this.noteParsed);
    connection.stream.cork();
    try {
      for (const [i, statement] of this.statements.entries()) {
        this.send(connection, statement, i === this.statements.length - 1);
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  private send(connection: Connection, {text, values = [], name, copy}: Statement, isLast: boolean): void {
    const known = prepared.get(connection) ?? new Set<string>();
    prepared.set(connection, known);
    if (name === undefined || !known.has(name)) {
      connection.parse({name: name ?? '', text, types: []}, true);
      this.unprepared.push(name ?? '');
    }
    connection.bind({statement: name ?? '', values: values.map(parameterText)}, true);
    if (isLast) connection.describe({type: 'P'}, true);
    connection.execute({}, true);
    if (copy !== undefined) {
      // Sent ahead of the server's word that it is ready for them; if the statement fails it passes over them.
      const rows = Buffer.from(copy);
      const head = Buffer.from('d\0\0\0\0');
      head.writeInt32BE(rows.length + 4, 1);
      connection.stream.write(head);
      connection.stream.write(rows);
      connection.stream.write(COPY_DONE);
    }
  }

  private readonly noteParsed = (): void => {
    const name = this.unprepared.shift();
    if (name && this.connection) prepared.get(this.connection)?.add(name);
  };

  handleRowDescription({fields}: {fields: readonly {dataTypeID: number}[]}): void {
    this.parsers = fields.map(({dataTypeID}) => ENTRY_TYPES.getTypeParser(dataTypeID));
  }

  handleDataRow({fields}: {fields: readonly (string | null)[]}): void {
    // Statements that are not the last have not described their rows: nobody asks for them.
    const {parsers} = this;
    if (!parsers) return;
    try {
      this.answer.push(fields.map((field, i) => (field === null ? null : parsers[i]?.(field))));
    } catch (error) {
      this.failed(error);
    }
  }

  handleCommandComplete({text}: {text: string}): void {
    this.tag = text;
  }
  handleCopyInResponse(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleReadyForQuery(): void {
    this.end();
    this.done(this.answer);
  }

  handleError(error: unknown): void {
    this.end();
    this.failed(error);
  }

  private end(): void {
    this.connection?.off('parseComplete', this.noteParsed);
  }
}

/** CopyDone (PostgreSQL, message formats). */
const COPY_DONE = Buffer.from('c\0\0\0\x04', 'latin1');

/** A value as PostgreSQL reads it from text; bytes go as they are. */
function parameterText(value: unknown): string | Buffer | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(itemText).join(',')}}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const itemText = (item: unknown): string =>
  item === null || item === undefined ? 'NULL' : `"${String(item).replace(/["\\]/g, '\\$&')}"`;
