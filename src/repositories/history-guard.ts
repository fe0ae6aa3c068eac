import {AuditError} from '../errors';
import {openCheckpoint} from '../integrity/checkpoint';
import {rootOf} from '../integrity/tree-head';
import {MissingTileError, rootFromTiles} from '../integrity/tree-reader';
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
 * Holds trees against what is kept of their checkpoints elsewhere: a database that was restored from an earlier copy has
 * smaller trees, one in which a tail was rewritten has other roots.
 */
export class HistoryGuard {
  private readonly rewritten = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly notes: NotesElsewhere,
    private readonly listen: HistoryListener,
  ) {}

  /** How many trees are not what was signed of them. */
  get count(): number {
    return this.rewritten.size;
  }

  /** @throws AuditError HISTORY_REWRITTEN where the tree is known not to be what was signed of it */
  assertTrusted(tenantId: string): void {
    if (!this.rewritten.has(tenantId)) return;
    throw new AuditError(
      'HISTORY_REWRITTEN',
      'This tree is not what was signed of it: nothing more is signed.',
      [
        {
          field: 'tenantId',
          code: 'HISTORY_REWRITTEN',
          message: 'has another history than its checkpoints tell',
        },
      ],
    );
  }

  /** Holds the tree of one tenant against the newest note. @throws AuditError HISTORY_REWRITTEN */
  async assertKept(tenantId: string): Promise<void> {
    const reason = await this.fault(tenantId);
    const was = this.rewritten.has(tenantId);
    if (reason === undefined) this.rewritten.delete(tenantId);
    else this.rewritten.add(tenantId);
    if (was !== (reason !== undefined)) this.listen(tenantId, !was, reason ?? '');
    this.assertTrusted(tenantId);
  }

  private async fault(tenantId: string): Promise<string | undefined> {
    const kept = await this.notes.newest(tenantId);
    const signed = kept && openCheckpoint(kept.note, []);
    if (!signed) return undefined;
    if (!kept.isKnown) return `has a checkpoint of ${signed.size} entries by a key that is not known`;
    return this.database.transaction({role: 'audit_reader', tenantId, repeatable: true}, async session => {
      const {head} = await readHead(session, tenantId);
      if (head.size < signed.size) return `has ${head.size} entries where ${signed.size} were signed`;
      const root = (size: number) => rootFromTiles(size, spans => readTiles(session, tenantId, spans));
      try {
        if (!(await root(signed.size)).equals(signed.root))
          return `has another root at ${signed.size} entries`;
        if (!(await root(head.size)).equals(rootOf(head))) return 'has tiles that are not those of its head';
      } catch (error) {
        if (!(error instanceof MissingTileError)) throw error;
        return `has lost tiles of its first ${head.size} entries`;
      }
      return undefined;
    });
  }
}
