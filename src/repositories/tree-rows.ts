import {HASH_BYTES} from '../integrity/merkle-hash';
import type {TileSpan} from '../integrity/tile';
import {EMPTY_TREE, type TreeHead} from '../integrity/tree-head';
import type {Session} from './database';

/** The hashes of perfect subtrees, from the bytes in which a head keeps them. */
export const frontierOf = (hex: unknown): Buffer[] => {
  const bytes = Buffer.from(String(hex), 'hex');
  return Array.from({length: bytes.length / HASH_BYTES}, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
};

/** The tree of a tenant as it is, and the newest checkpoint that was signed of it, if one was, with its size. */
export async function readHead(
  session: Session,
  tenantId: string,
): Promise<{head: TreeHead; newest: {size: number; note: string} | undefined}> {
  const [row] = await session.rows(
    `SELECT tree.size, tree.frontier, newest.size, newest.note
       FROM (SELECT size, frontier FROM audit_trees WHERE tenant_id = $1) tree
       FULL JOIN (SELECT size, note FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1) newest ON true`,
    [tenantId],
    'audit-read-head',
  );
  const [size, frontier, signed, note] = row ?? [null, null, null, null];
  return {
    head: size === null ? EMPTY_TREE : {size: Number(size), frontier: frontierOf(frontier)},
    newest: note === null ? undefined : {size: Number(signed), note: String(note)},
  };
}

/** Keeps a signed checkpoint; one that another process has signed at the same size stands. Answers the one that does. */
export async function keepCheckpoint(
  session: Session,
  tenantId: string,
  size: number,
  note: string,
): Promise<string> {
  const insert =
    'INSERT INTO audit_checkpoints (tenant_id, size, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
  await session.rows(insert, [tenantId, size, note]);
  return (await keptCheckpoint(session, tenantId, size)) ?? note;
}

/** The bytes of tiles, in the order asked for; of one that is not there, none. */
export async function readTiles(
  session: Session,
  tenantId: string,
  spans: readonly TileSpan[],
): Promise<Buffer[]> {
  const rows = await session.rows(
    `SELECT level, index, hashes FROM audit_tiles
      WHERE tenant_id = $1 AND (level, index) IN (SELECT * FROM unnest($2::smallint[], $3::bigint[]))`,
    [tenantId, spans.map(({level}) => level), spans.map(({index}) => index)],
  );
  const known = new Map(rows.map(([level, index, hashes]) => [`${level}/${index}`, String(hashes)]));
  return spans.map(({level, index}) => Buffer.from(known.get(`${level}/${index}`) ?? '', 'hex'));
}

/**
 * Adds signature lines to a kept checkpoint. False where its note is another than the one that was read, as where
 * somebody else has added to it meanwhile.
 */
export async function addSignatures(
  session: Session,
  tenantId: string,
  {size, note}: {size: number; note: string},
  lines: string,
): Promise<boolean> {
  const [row] = await session.rows('SELECT audit_cosign($1, $2, $3, $4)', [tenantId, size, note, lines]);
  return row?.[0] === true;
}

/** The checkpoint that is kept of a size, if one is. */
export async function keptCheckpoint(
  session: Session,
  tenantId: string,
  size: number,
): Promise<string | undefined> {
  const select = 'SELECT note FROM audit_checkpoints WHERE tenant_id = $1 AND size = $2';
  const [kept] = await session.rows(select, [tenantId, size]);
  return kept && String(kept[0]);
}

/** The number of leaves of the tree of a tenant. */
export async function treeSize(session: Session, tenantId: string): Promise<number> {
  const [row] = await session.rows('SELECT size FROM audit_trees WHERE tenant_id = $1', [tenantId]);
  return Number(row?.[0] ?? 0);
}
