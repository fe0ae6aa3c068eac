import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Condition, Operand} from './condition';
import type {EntryColumn} from './entry-columns';

export interface OrderTerm {
  column: EntryColumn;
  descending: boolean;
}

/** Which entries, in which order, and which part of them. */
export interface Selection {
  condition: Condition;
  /** Ends with the id, so that the order is total. */
  order: readonly OrderTerm[];
  limit?: number;
  skip?: number;
  /** Values of the order's columns in an entry; the page begins after it, or ends before it where it is read backward. */
  after?: readonly Operand[];
  backward?: boolean;
  /** Best match of the condition's words first, of the newest that match; the order decides among equals. */
  ranked?: boolean;
  /** Properties to answer; all where it is left out. */
  fields?: ReadonlySet<keyof AuditEntry>;
}
