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

/** A receipt, of an entry that may have more. */
export const onlyReceipt = ({id, recordedAt, leafIndex, leafHash, salt}: Receipt): Receipt =>
  ({id, recordedAt, leafIndex, leafHash, salt}) as Receipt;

/** What became of a group of rows. */
export interface StoredRows {
  /**
   * In the order in which the rows came; of a known id, what was given first. Where the entry itself is at hand, it is
   * the whole entry as stored.
   */
  receipts: Receipt[];
  /** How many of them are new. */
  stored: number;
}

/** How many entries of these outcomes are new. */
export const newIn = (outcomes: readonly (StoredRows | AuditError)[]): number =>
  outcomes.reduce((sum, outcome) => sum + (outcome instanceof AuditError ? 0 : outcome.stored), 0);

/** Faults that are named; there may be more. */
const NAMED_FAULTS = 100;

/**
 * Seals rows into the tree of one tenant and stores them, in the transaction of a writer. An id that is known
 * already with the same content is not stored again.
 *
 * What is written goes to the database with the next statement that is waited for, at the latest with COMMIT.
 *
 * @param groups each is stored whole or not at all, by itself
 * @returns for each group what was stored, or ID_CONFLICT where a known id comes with other content
 */
export async function storeEntries(
  session: Session,
  tenantId: string,
  groups: readonly (readonly LeafRow[])[],
  partitionOf: PartitionOf,
): Promise<(StoredRows | AuditError)[]> {
  const tree = await lockTree(session, tenantId);
  const known = await knownEntries(session, tenantId, groups.flat());
  const fresh: LeafRow[] = [];
  const outcomes = groups.map(group => {
    const {added, conflicts} = examine(group, known);
    if (conflicts.length > 0) return conflict(conflicts);
    const receipts = group.map(row => {
      const before = known.get(row.id);
      if (before) return before.entry;
      const receipt = receiptOf(row, tree.size + fresh.length);
      fresh.push(row);
      if (row.admitted) known.set(row.id, knownEntry(row.admitted.entry));
      return receipt;
    });
    return {receipts, stored: added};
  });
  if (fresh.length > 0) {
    copyRows(session, fresh, tree.size, partitionOf);
    growTree(
      session,
      tenantId,
      tree,
      fresh.map(({hash}) => hash),
    );
  }
  return outcomes;
}

/** What a row that is stored at a place is answered with. */
function receiptOf({admitted, id, recordedAt, hash, salt}: LeafRow, leafIndex: number): Receipt {
  if (!admitted) return {id, recordedAt, leafIndex, leafHash: hash.toString('hex'), salt};
  admitted.entry.leafIndex = leafIndex;
  return admitted.entry;
}

/** How much of a group is new, and what is at odds with an entry that is known, or came before it in the group. */
function examine(group: readonly LeafRow[], known: ReadonlyMap<string, Known>) {
  const before = new Map<string, Known>();
  const conflicts: ErrorDetail[] = [];
  let added = 0;
  for (const {id, line, admitted} of group) {
    const existing = known.get(id) ?? before.get(id);
    if (!existing || !admitted) {
      added += 1;
      if (admitted) before.set(id, knownEntry(admitted.entry));
      continue;
    }
    for (const field of existing.differing(admitted)) {
      const message = 'differs from the entry that is stored under this id';
      conflicts.push({field, code: 'ID_CONFLICT', message, ...(line !== undefined && {line})});
    }
  }
  return {added, conflicts};
}

const conflict = (details: ErrorDetail[]) =>
  new AuditError(
    'ID_CONFLICT',
    'This id belongs to another entry: send a new id.',
    details.slice(0, NAMED_FAULTS),
  );

/** Copies rows into their partitions, which, unlike the table that they make up, PostgreSQL lets a writer copy into. */
function copyRows(
  session: Session,
  rows: readonly LeafRow[],
  firstLeaf: number,
  partitionOf: PartitionOf,
): void {
  const texts = new Map<string, string>();
  for (const [i, {actedAt, row}] of rows.entries()) {
    const partition = partitionOf(actedAt);
    texts.set(partition, `${texts.get(partition) ?? ''}${firstLeaf + i}${row}\n`);
  }
  for (const [partition, copy] of texts) {
    session.defer({text: `COPY ${partition} (${COPIED_COLUMNS.join(', ')}) FROM STDIN`, copy});
  }
}
