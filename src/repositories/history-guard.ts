import {AuditError} from '../errors';
import {type Checkpoint, openCheckpoint} from '../integrity/checkpoint';
import {rootOf, type TreeHead} from '../integrity/tree-head';
import {consistencyProof, MissingTileError, type ReadTiles, rootFromTiles} from '../integrity/tree-reader';
import {isConsistent} from '../integrity/verify-proof';
import type {Database} from './database';
import {readHead, readTiles} from './tree-rows';

/** A note that is kept outside of the database, and whether the key is known by which it says to be signed. */
export interface KeptNote {
  note: string;
  isKnown: boolean;
}

/** What is kept of checkpoints outside of the database. */
export interface NotesElsewhere {
  /**
   * The newest note of a tenant that the service has signed, or may have signed by a key that is not known any more;
   * undefined where there is none. What is forged is passed over.
   */
  newest(tenantId: string): Promise<KeptNote | undefined>;
  /** The tenants that there are such notes of. */
  tenants(): Promise<readonly string[]>;
}

/** Is told when the tree of a tenant is found not to be what was signed of it, or to be so again. */
export type HistoryListener = (tenantId: string, isRewritten: boolean, reason: string) => void;

/**
 * Holds trees against what was signed of them: the newest checkpoint in the database, so that head, tiles and checkpoints
 * do not contradict each other, and the newest that is kept elsewhere. A database that was restored from an earlier copy
 * has smaller trees, one in which a tail was rewritten has other roots.
 */
export class HistoryGuard {
  private readonly rewritten = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly notes?: NotesElsewhere | undefined,
    private readonly listen?: HistoryListener,
  ) {}

  /** How many trees are not what was signed of them. */
  get count(): number {
    return this.rewritten.size;
  }

  /** The tenants whose trees are not. */
  get tenants(): string[] {
    return [...this.rewritten.keys()];
  }

  /** @throws AuditError HISTORY_REWRITTEN where the tree is known not to be what was signed of it */
  assertTrusted(tenantId: string): void {
    const reason = this.rewritten.get(tenantId);
    if (reason === undefined) return;
    throw new AuditError(
      'HISTORY_REWRITTEN',
      'This tree is not what was signed of it: nothing more is signed.',
      [
        {
          field: 'tenantId',
          code: 'HISTORY_REWRITTEN',
          message: `names a tree that ${reason}`,
        },
      ],
    );
  }

  /** The tree of one tenant, which is what was signed of it and may be signed. @throws AuditError HISTORY_REWRITTEN */
  async assertKept(tenantId: string): Promise<TreeHead> {
    const {head, fault} = await this.look(tenantId);
    const was = this.rewritten.has(tenantId);
    if (fault === undefined) this.rewritten.delete(tenantId);
    else this.rewritten.set(tenantId, fault);
    if (was !== (fault !== undefined)) this.listen?.(tenantId, !was, fault ?? '');
    this.assertTrusted(tenantId);
    return head;
  }

  private async look(tenantId: string): Promise<{head: TreeHead; fault: string | undefined}> {
    const kept = await this.notes?.newest(tenantId);
    const elsewhere = kept && openCheckpoint(kept.note, []);
    return this.database.transaction({role: 'audit_reader', tenantId, repeatable: true}, async session => {
      const {head, newest} = await readHead(session, tenantId);
      if (elsewhere && !kept.isKnown) {
        return {head, fault: `has a checkpoint of ${elsewhere.size} entries by a key that is not known`};
      }
      const stored = newest && openCheckpoint(newest.note, []);
      if (newest && stored?.size !== newest.size)
        return {head, fault: 'has a checkpoint that cannot be read'};
      const signed = [elsewhere, stored].filter(each => each !== undefined);
      return {head, fault: await contradiction(head, signed, spans => readTiles(session, tenantId, spans))};
    });
  }
}

/** How a tree contradicts what was signed of it, by its tiles; undefined where it does not. */
async function contradiction(
  head: TreeHead,
  signed: readonly Checkpoint[],
  read: ReadTiles,
): Promise<string | undefined> {
  const tree = {size: head.size, root: rootOf(head)};
  try {
    for (const each of signed) {
      if (head.size < each.size) return `has ${head.size} entries where ${each.size} were signed`;
      if (!isConsistent(each, tree, await consistencyProof(each.size, head.size, read)))
        return `does not continue the ${each.size} entries that were signed`;
    }
    // The proof that a tree continues a smaller one is made of its tiles; without one they are looked at by themselves.
    const isProved = signed.some(({size}) => size > 0 && size < head.size);
    if (!isProved && !(await rootFromTiles(head.size, read)).equals(tree.root))
      return 'has tiles that are not those of its head';
  } catch (error) {
    if (!(error instanceof MissingTileError)) throw error;
    return `has lost tiles of its first ${head.size} entries`;
  }
  return undefined;
}
