import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import {canonicalJson} from '../integrity/canonical-json';
import {openCheckpoint, signCheckpoint} from '../integrity/checkpoint';
import type {EntryProof} from '../integrity/entry-proof';
import {type LogSigner, originOf} from '../integrity/log-signer';
import {HASH_BYTES} from '../integrity/merkle-hash';
import {addableLines} from '../integrity/signed-note';
import {TILE_WIDTH, type TileSpan} from '../integrity/tile';
import {rootOf} from '../integrity/tree-head';
import {consistencyProof, inclusionProof, MissingTileError, type ReadTiles} from '../integrity/tree-reader';
import type {Database} from './database';
import {HistoryGuard} from './history-guard';
import {KeyHistory, type KeyUse} from './key-history';
import {addSignatures, keepCheckpoint, keptCheckpoint, readHead, readTiles} from './tree-rows';

/** A proof that one size of a tenant's tree is the beginning of another. */
export interface Consistency {
  from: number;
  to: number;
  proof: Buffer[];
}

/** The answer to a path at which there is no tile. */
export const tileNotFound = (message: string): AuditError =>
  new AuditError('TILE_NOT_FOUND', message, [
    {field: 'path', code: 'TILE_NOT_FOUND', message: 'is no tile of this tree'},
  ]);

/** The tree of a tenant as others may check it: each method keeps to the one tenant that it is given. */
export class TransparencyLog {
  private readonly history: KeyHistory;

  /** @param guard says whether a tree is what was signed of it, before it is signed again */
  constructor(
    private readonly database: Database,
    private readonly signer: LogSigner | undefined,
    private readonly guard: HistoryGuard = new HistoryGuard(database),
  ) {
    this.history = new KeyHistory(database);
  }

  /** Whether there is a key to sign with. */
  get isSigned(): boolean {
    return this.signer !== undefined;
  }

  /**
   * The public keys that checkpoints are verified with: those that sign now, then those that signed earlier.
   *
   * @throws AuditError LOG_UNSIGNED
   */
  keys(): Promise<KeyUse[]> {
    return this.history.all(this.signing);
  }

  /**
   * The newest checkpoint of the tree: a signed note (C2SP tlog-checkpoint), with the cosignatures that it has.
   *
   * @throws AuditError LOG_UNSIGNED, HISTORY_REWRITTEN
   */
  async checkpoint(tenantId: string): Promise<string> {
    const {signing, guard} = this;
    guard.assertTrusted(tenantId);
    const {head: found, newest} = await this.read(tenantId, session => readHead(session, tenantId));
    if (newest && newest.size === found.size) return newest.note;
    const head = await guard.assertKept(tenantId);
    const origin = originOf(signing, tenantId);
    const note = await signCheckpoint({origin, size: head.size, root: rootOf(head)}, signing.keys);
    await this.history.use(signing.keys);
    if (head.size === 0) return note;
    return this.write(tenantId, session => keepCheckpoint(session, tenantId, head.size, note));
  }

  /** Tenants whose tree is larger than what was signed of it, or, against all that is lawful, smaller. */
  async unsigned(): Promise<string[]> {
    const rows = await this.write('', session => session.rows('SELECT audit_unsigned_trees()'));
    return rows.map(([tenantId]) => String(tenantId));
  }

  /** Lets go of old checkpoints: after a day the last of each hour stays, after 90 days the last of each day. */
  async thin(tenantId: string): Promise<void> {
    await this.write(tenantId, session => session.rows('SELECT audit_thin_checkpoints($1)', [tenantId]));
  }

  /**
   * Adds those cosignatures of witnesses to the kept checkpoint that it lacks, of each key one; one that is not kept any
   * more, or has as many as it may, lacks none.
   */
  async cosign(tenantId: string, size: number, lines: readonly string[]): Promise<void> {
    for (let isDone = false; !isDone; ) {
      const note = await this.read(tenantId, session => keptCheckpoint(session, tenantId, size));
      const missing = note === undefined ? '' : addableLines(note, lines).join('');
      if (note === undefined || missing === '') return;
      isDone = await this.write(tenantId, session => addSignatures(session, tenantId, {size, note}, missing));
    }
  }

  /**
   * The proof that an entry is in the tree, by the newest checkpoint.
   *
   * @throws AuditError LOG_UNSIGNED, HISTORY_REWRITTEN, NOT_SEALED where the entry has no place in the tree
   */
  async proof(tenantId: string, entry: AuditEntry): Promise<EntryProof> {
    const checkpoint = await this.checkpoint(tenantId);
    const size = openCheckpoint(checkpoint, [])?.size ?? 0;
    const {leafIndex: index} = entry;
    if (index === undefined || index >= size) {
      const detail = {field: 'leafIndex', code: 'NOT_SEALED', message: 'is absent'};
      throw new AuditError('NOT_SEALED', 'This entry was stored past the service, and is in no tree.', [
        detail,
      ]);
    }
    const path = await this.provedBy(tenantId, read => inclusionProof(index, size, read));
    return {index, path, checkpoint, extra: Buffer.from(canonicalJson(entry as unknown as JsonObject))};
  }

  /** @throws AuditError INVALID_PARAMETER where the tree has never had such a size, or `from` is after `to` */
  async consistency(tenantId: string, from: number, to: number): Promise<Consistency> {
    const {head} = await this.read(tenantId, session => readHead(session, tenantId));
    for (const [field, size, most] of [
      ['to', to, head.size],
      ['from', from, to],
    ] as const) {
      if (size <= most) continue;
      const detail = {field, code: 'OUT_OF_RANGE', message: `must be at most ${most}`};
      throw new AuditError('INVALID_PARAMETER', 'The tree has no such beginning.', [detail]);
    }
    return {from, to, proof: await this.provedBy(tenantId, read => consistencyProof(from, to, read))};
  }

  /** The bytes of a tile. @throws AuditError TILE_NOT_FOUND where the tree is not that large yet */
  async tile(tenantId: string, span: TileSpan): Promise<Buffer> {
    const [bytes] = await this.read(tenantId, session => readTiles(session, tenantId, [span]));
    const length = Math.min(span.width, TILE_WIDTH) * HASH_BYTES;
    if (bytes && bytes.length >= length) return bytes.subarray(0, length);
    throw tileNotFound('The tree has no such tile yet.');
  }

  private get signing(): LogSigner {
    if (this.signer) return this.signer;
    throw new AuditError('LOG_UNSIGNED', 'This service has no key to sign checkpoints with.', [
      {field: 'SIGNING_KEY_FILE', code: 'LOG_UNSIGNED', message: 'is not set'},
    ]);
  }

  private async provedBy<T>(tenantId: string, prove: (read: ReadTiles) => Promise<T>): Promise<T> {
    try {
      return await prove(spans => this.read(tenantId, session => readTiles(session, tenantId, spans)));
    } catch (cause) {
      if (!(cause instanceof MissingTileError)) throw cause;
      throw new AuditError('TREE_DAMAGED', 'The tree has lost hashes: what it held cannot be proved.', [], {
        cause,
      });
    }
  }

  private read<T>(tenantId: string, work: Parameters<typeof this.database.transaction<T>>[1]): Promise<T> {
    return this.database.transaction({role: 'audit_reader', tenantId}, work);
  }

  private write<T>(tenantId: string, work: Parameters<typeof this.database.transaction<T>>[1]): Promise<T> {
    return this.database.transaction({role: 'audit_writer', tenantId}, work);
  }
}
