import type {NewAuditEntry} from '@loopback-audit/audit-log';
import type {ErrorDetail} from '../errors';

/** What a file holds. */
export type ImportKind = 'ndjson' | 'json' | 'csv' | 'sourceloop-csv' | 'cloudtrail';

/** Where in a file a record is: its first line, or its number where lines mean nothing; both from 1. */
export interface ImportLocation {
  readonly file: string;
  readonly line?: number;
  readonly record?: number;
}

/** A record of a file: either an entry to be sent, always with an id, or what is wrong with it. */
export type ImportCandidate =
  | {
      readonly location: ImportLocation;
      readonly entry: NewAuditEntry & {id: string};
      readonly problem?: undefined;
    }
  | {readonly location: ImportLocation; readonly entry?: undefined; readonly problem: ErrorDetail[]};

/**
 * One way to read a file.
 *
 * A source MUST hold no more than a chunk and a record, MUST answer a bad record as a problem and go
 * on, and MUST give the same record of the same file the same id every time, so that importing again
 * changes nothing. Whether an entry is acceptable is for the service to say. It MAY throw only where
 * nothing more of the file can be read: an AuditError INVALID_FILE, or what the input throws.
 */
export interface ImportSource {
  readonly kind: ImportKind;
  /** Reads the bytes of a file; `file` is the name that locations and ids carry. */
  read(input: AsyncIterable<Uint8Array>, file: string): AsyncIterable<ImportCandidate>;
}
