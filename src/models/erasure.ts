import type {AuditEntry} from '@loopback-audit/audit-log';
import {ERASE_ACTION} from '../integrity/erasures';

/** Whose data is to be erased, and why. Of subject and actor at least one; both mean the entries of either. */
export interface Erasure {
  dataSubjectId?: string;
  actor?: string;
  reason: string;
}

/** Whether an erasure reaches an entry, erased already or not. The trail's own words on erasures stay readable. */
export const isReached = (entry: AuditEntry, {dataSubjectId, actor}: Erasure): boolean =>
  entry.action !== ERASE_ACTION &&
  ((dataSubjectId !== undefined && entry.dataSubjectId === dataSubjectId) ||
    (actor !== undefined && entry.actor === actor));

/** Leaves of a tree, from the first up to and with the last. */
export type LeafRange = [first: number, last: number];

/** Leaves as the fewest ranges, in ascending order. */
export function leafRanges(leaves: readonly number[]): LeafRange[] {
  const ranges: LeafRange[] = [];
  for (const leaf of [...leaves].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range && leaf === range[1] + 1) range[1] = leaf;
    else ranges.push([leaf, leaf]);
  }
  return ranges;
}
