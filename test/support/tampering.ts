import type {FindingKind} from '../../dist/integrity/findings';

/** What must be said of a tenant's log that was tampered with: a finding of this kind, with these particulars. */
export interface Expected {
  kind: FindingKind;
  leaves?: [number, number];
  field?: string;
}

/** One way to change a sealed log past the service, as somebody may who has all rights on the database. */
export interface Tampering {
  name: string;
  /** Statements, run without triggers. */
  sql: string[];
  /** What the database shows of the tenant `acme`; findings of no other kind. */
  acme?: Expected[];
  /** And of the tenant `rival`. */
  rival?: Expected[];
  /** What an export of `acme` shows that is held against tiles from before; without it the entries are as they were. */
  exported?: Expected[];
}

/** The leaf whose entry is changed; it has every property. */
export const TARGET = 300;
/** Leaves of `acme`. */
export const SIZE = 700;

export const row = (leaf: number) => `tenant_id = 'acme' AND leaf_index = ${leaf}`;
export const set = (what: string, leaf = TARGET) => `UPDATE audit_logs SET ${what} WHERE ${row(leaf)}`;
export const at = (leaf: number, last = leaf): {leaves: [number, number]} => ({leaves: [leaf, last]});
export const altered = (leaf: number, field?: string): Expected[] => [
  {kind: 'altered', ...at(leaf), ...(field !== undefined && {field})},
];
export const both = (expected: Expected[]) => ({acme: expected, exported: expected});
