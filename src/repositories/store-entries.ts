import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError, type ErrorDetail} from '../errors';
import {COPIED_COLUMNS} from './copy-text';
import type {Session} from './database';
import {type Known, knownEntries, knownEntry} from './known-entries';
import type {LeafRow} from './leaf-row';
import type {PartitionOf} from './partitions';
import {growTree, lockTree} from './seal-entries';

/** What the service gives an entry when it stores it. */
export type Receipt = Pick<AuditEntry, 'id' | 'recordedAt' | 'leafIndex' | 'leafHash' | 'salt'>;

export const receiptOf = ({id, recordedAt, leafIndex, leafHash, salt}: AuditEntry): Receipt => ({
  ...{id, recordedAt},
  ...(leafIndex !== undefined && {leafIndex}),
  ...(leafHash !== undefined && {leafHash}),
  ...(salt !== undefined && {salt}),
});

export interface StoredEntries {
  /** The entries as stored, in the order they came; of a known id, the one stored first. */
  entries: AuditEntry[];
  /** How many of them are new. */
  stored: number;
}

/** How many entries of these outcomes are new. */
export const newIn = (outcomes: readonly (StoredEntries | AuditError)[]): number =>
  outcomes.reduce((sum, outcome) => sum + (outcome instanceof AuditError ? 0 : outcome.stored), 0);

/** Faults that are named; there may be more. */
const NAMED_FAULTS = 100;

/**
 * Seals entries into the tree of one tenant and stores them, in the transaction of a writer. An id that is known
 * already with the same content is not stored again.
 *
 * @param groups each is stored whole or not at all, by itself
 * @returns for each group what was stored, or ID_CONFLICT where a known id comes with other content
 */
export async function storeEntries(
  session: Session,
  tenantId: string,
  groups: readonly (readonly LeafRow[])[],
  partitionOf: PartitionOf,
): Promise<(StoredEntries | AuditError)[]> {
  const tree = await lockTree(session, tenantId);
  const known = await knownEntries(session, tenantId, groups.flat());
  const fresh: LeafRow[] = [];
  const outcomes = groups.map(group => {
    const {added, conflicts} = examine(group, known);
    if (conflicts.length > 0) return conflict(conflicts);
    for (const row of added) {
      row.entry.leafIndex = tree.size + fresh.length;
      known.set(row.entry.id, knownEntry(row.entry));
      fresh.push(row);
    }
    return added.length;
  });
  if (fresh.length > 0) {
    await copyRows(session, fresh, partitionOf);
    await growTree(
      session,
      tenantId,
      tree,
      fresh.map(({hash}) => hash),
    );
  }
  return outcomes.map((outcome, i) => {
    if (outcome instanceof AuditError) return outcome;
    const entries = groups[i]?.flatMap(({entry}) => known.get(entry.id)?.entry ?? []) ?? [];
    return {entries, stored: outcome};
  });
}

/** What of a group is new, and what is at odds with an entry that is known, or came before it in the group. */
function examine(group: readonly LeafRow[], known: ReadonlyMap<string, Known>) {
  const added = new Map<string, LeafRow>();
  const conflicts: ErrorDetail[] = [];
  for (const row of group) {
    const before = added.get(row.entry.id);
    const existing = known.get(row.entry.id) ?? (before && knownEntry(before.entry));
    if (!existing) {
      added.set(row.entry.id, row);
      continue;
    }
    for (const field of existing.differing(row)) {
      const message = 'differs from the entry that is stored under this id';
      conflicts.push({field, code: 'ID_CONFLICT', message, ...(row.line !== undefined && {line: row.line})});
    }
  }
  return {added: [...added.values()], conflicts};
}

const conflict = (details: ErrorDetail[]) =>
  new AuditError(
    'ID_CONFLICT',
    'This id belongs to another entry: send a new id.',
    details.slice(0, NAMED_FAULTS),
  );

/** Copies rows into their partitions, which, unlike the table that they make up, PostgreSQL lets a writer copy into. */
async function copyRows(session: Session, rows: readonly LeafRow[], partitionOf: PartitionOf): Promise<void> {
  const texts = new Map<string, string>();
  for (const {entry, row} of rows) {
    const partition = partitionOf(entry.actedAt);
    texts.set(partition, `${texts.get(partition) ?? ''}${entry.leafIndex}${row}\n`);
  }
  for (const [partition, text] of texts) {
    await session.copyIn(`COPY ${partition} (${COPIED_COLUMNS.join(', ')}) FROM STDIN`, text);
  }
}
