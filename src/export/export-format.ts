import type {Readable} from 'node:stream';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {ColumnBuilder} from './table';

/** Entries in the order they are to be written, in pages of about a hundred. */
export type EntryPages = AsyncIterable<readonly AuditEntry[]>;

export type ExportFormatName = 'csv' | 'ndjson' | 'json' | 'xlsx';

export interface ExportOptions {
  /** Shapes what is exported; without it every property of the entry is a column. */
  columns?: ColumnBuilder;
  /** Rows of one worksheet, its header included; at most, and by default, Excel's 1,048,576. */
  rowsPerSheet?: number;
}

/**
 * One way to write entries as bytes.
 *
 * A format MUST pull the next page only when its consumer has room for more, MUST NOT hold more than
 * a few pages, and MUST give the event loop back between pages. When the consumer destroys the
 * stream the source's `return()` is called; when the source throws, the stream is destroyed with
 * that error, so that a cut-off export never looks complete.
 */
export interface ExportFormat {
  readonly name: ExportFormatName;
  readonly contentType: string;
  /** Of a file name, without the dot. */
  readonly extension: string;
  write(pages: EntryPages, options?: ExportOptions): Readable;
}
