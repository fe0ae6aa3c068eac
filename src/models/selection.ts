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
  /** Values of the order's columns in the last entry of the page before; the page begins after it. */
  after?: readonly Operand[];
  /** Properties to answer; all where it is left out. */
  fields?: ReadonlySet<keyof AuditEntry>;
}
