import type {AuditEntry} from '@loopback-audit/audit-log';
import {erasedLeaves} from './erasures';
import type {LeafRange} from './findings';
import {ERASABLE, leafOf} from './leaf';

/** What an entry says of its place, and the leaf that it makes. */
export interface ExaminedEntry {
  id: string | undefined;
  /** The leaf index that it gives; undefined where it gives none that a tree can have. */
  index: number | undefined;
  leaf: Buffer | undefined;
  /** The leaf hash that it gives, where that is another than the one it makes. */
  told?: Buffer | undefined;
  /** The property for which it makes no leaf, or not the one it tells of, where that can be said. */
  field?: string | undefined;
  /** Whether values are gone, with commitments in their place. */
  erased: boolean;
  /** Where the content is, where the hash alone is known: in a recorded archive, or nowhere that is recorded. */
  sealed?: 'archived' | 'nowhere';
  /** The leaves that it says were erased. */
  erases?: LeafRange[] | undefined;
  /** Where it was read. */
  place?: string | undefined;
}

const HASH = /^[0-9a-f]{64}$/;

/** Makes the leaf of an entry, of whatever shape it is, and holds against it what the entry says itself. */
export function examineEntry(entry: Partial<AuditEntry>, place?: string): ExaminedEntry {
  const {id, leafIndex, leafHash} = entry;
  const leaf = leafOf(entry);
  const examined: ExaminedEntry = {
    id: typeof id === 'string' ? id : undefined,
    index: Number.isSafeInteger(leafIndex) && (leafIndex as number) >= 0 ? leafIndex : undefined,
    leaf,
    erased: (entry.commitments ?? null) !== null,
    erases: erasedLeaves(entry),
    place,
  };
  if (!leaf) examined.field = faultOf(entry);
  if ((leafHash ?? null) !== null && leafHash !== leaf?.toString('hex')) {
    examined.told = HASH.test(String(leafHash)) ? Buffer.from(String(leafHash), 'hex') : Buffer.alloc(0);
  }
  return examined;
}

/** The property for which an entry makes no leaf. */
function faultOf(entry: Partial<AuditEntry>): string | undefined {
  if ((entry.commitments ?? null) === null) return 'salt';
  const restored = ERASABLE.find(property => (entry[property] ?? null) !== null);
  return restored ?? ((entry.salt ?? null) === null ? 'commitments' : 'salt');
}
