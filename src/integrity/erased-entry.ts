import type {AuditEntry} from '@loopback-audit/audit-log';
import {type Commitments, commitmentsOf, ERASABLE, leafData} from './leaf';
import {hashLeaf} from './merkle-hash';

const ERASED: ReadonlySet<string> = new Set([...ERASABLE, 'salt']);

const commitmentsIn = (entry: AuditEntry): Commitments =>
  (entry.commitments as Commitments | undefined) ??
  (entry.salt === undefined ? {} : commitmentsOf(entry, Buffer.from(entry.salt, 'hex')));

/**
 * What the leaf of an entry was made of, erased or not; null where it has no place in a tree, undefined where the entry
 * is not what was sealed.
 */
export function sealedData(entry: AuditEntry): string | null | undefined {
  if (entry.leafHash === undefined) return null;
  try {
    const data = leafData(entry, commitmentsIn(entry));
    return hashLeaf(Buffer.from(data)).toString('hex') === entry.leafHash ? data : undefined;
  } catch {
    return undefined;
  }
}

/** What an erasure leaves of an entry: the commitments in place of values and salt. */
export function erasedEntry(entry: AuditEntry): AuditEntry {
  const kept = Object.entries(entry).filter(([property]) => !ERASED.has(property));
  return {...Object.fromEntries(kept), commitments: commitmentsIn(entry)} as AuditEntry;
}
