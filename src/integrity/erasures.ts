import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Findings, LeafRange} from './findings';
import {IndexSet} from './index-set';

/** The action of the entry that records an erasure; `metadata.leaves` lists the leaves, as `[first, last]`. */
export const ERASE_ACTION = 'audit.log.erase';

/** Ranges that may come in before those that touch are made one. */
const LOOSE_RANGES = 10_000;

/** The leaves that an entry says were erased; undefined where it records no erasure. */
export function erasedLeaves({action, metadata}: Partial<AuditEntry>): LeafRange[] | undefined {
  if (action !== ERASE_ACTION) return undefined;
  const leaves: unknown = metadata?.leaves;
  return Array.isArray(leaves) ? leaves.filter(isRange) : [];
}

const isRange = (value: unknown): value is LeafRange =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every(index => Number.isSafeInteger(index) && index >= 0) &&
  value[0] <= value[1];

/** Which entries of a log were erased, and which of them the log says were. */
export class Erasures {
  private readonly erased = new IndexSet();
  private recorded: LeafRange[] = [];
  private most = LOOSE_RANGES;

  /** An entry whose values are gone. */
  met(index: number): void {
    this.erased.add(index);
  }

  /** What the entry at `index` records. It can speak of what came before it alone. */
  record(index: number, leaves: readonly LeafRange[]): void {
    for (const [first, last] of leaves) {
      if (first < index) this.recorded.push([first, Math.min(last, index - 1)]);
    }
    if (this.recorded.length <= this.most) return;
    this.recorded = merged(this.recorded);
    this.most = LOOSE_RANGES + 2 * this.recorded.length;
  }

  /** Tells of the erasures that no entry records. @param complete whether every entry of the log was given */
  judge(findings: Findings, complete: boolean): void {
    const kind = complete ? 'erased without record' : 'erasure not shown';
    const recorded = merged(this.recorded);
    let at = 0;
    for (const [first, last] of this.erased.ranges()) {
      for (let next = first; next <= last; ) {
        while (at < recorded.length && (recorded[at] as LeafRange)[1] < next) at++;
        const [from, to] = recorded[at] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
        if (from > next) {
          const end = Math.min(last, from - 1);
          findings.add({kind, leaves: [next, end]}, end - next + 1);
          next = end + 1;
        } else next = to + 1;
      }
    }
  }
}

function merged(ranges: readonly LeafRange[]): LeafRange[] {
  const result: LeafRange[] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const [start, end] = result.at(-1) ?? [0, -2];
    if (first <= end + 1) result[result.length - 1] = [start, Math.max(end, last)];
    else result.push([first, last]);
  }
  return result;
}
