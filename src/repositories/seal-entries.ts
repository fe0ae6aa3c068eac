import {HASH_BYTES} from '../integrity/merkle-hash';
import {TILE_WIDTH} from '../integrity/tile';
import {append, isWhole, type LevelHashes, type TreeHead} from '../integrity/tree-head';
import type {Session} from './database';
import {treeDamaged} from './database-error';
import {frontierOf} from './tree-rows';

/** Locks the head of a tenant's tree until the transaction ends; the first entry of a tenant plants the tree. */
const LOCK_HEAD = `INSERT INTO audit_trees (tenant_id) VALUES ($1)
  ON CONFLICT (tenant_id) DO UPDATE SET tenant_id = excluded.tenant_id RETURNING size, frontier`;

/**
 * A tile that does not hold what the head has given it gets what no tile may hold, which the database refuses: the tree is
 * damaged.
 */
const GROW = `WITH head AS (UPDATE audit_trees SET size = $2, frontier = decode($3, 'hex') WHERE tenant_id = $1)
  INSERT INTO audit_tiles (tenant_id, level, index, hashes)
  SELECT $1, level, index, decode(hashes, 'hex')
    FROM unnest($4::smallint[], $5::bigint[], $6::text[]) AS tile (level, index, hashes)
  ON CONFLICT (tenant_id, level, index) DO UPDATE SET hashes = audit_tiles.hashes ||
    CASE octet_length(audit_tiles.hashes)
      WHEN (SELECT filled FROM unnest($4::smallint[], $5::bigint[], $7::integer[]) AS tile (level, index, filled)
             WHERE (tile.level, tile.index) = (excluded.level, excluded.index)) THEN excluded.hashes
      ELSE '\\x00' END`;

/**
 * Locks the tree of a tenant and answers it. Whoever else would store for this tenant waits from here on until the
 * transaction ends.
 *
 * @throws AuditError TREE_DAMAGED
 */
export async function lockTree(session: Session, tenantId: string): Promise<TreeHead> {
  const [[size, frontier] = []] = await session.rows(LOCK_HEAD, [tenantId], 'audit-lock-tree');
  const head = {size: Number(size), frontier: frontierOf(frontier)};
  if (isWhole(head)) return head;
  throw treeDamaged();
}

/** Grows a locked tree by the hashes of leaves, in their order. */
export function growTree(
  session: Session,
  tenantId: string,
  tree: TreeHead,
  hashes: readonly Buffer[],
): void {
  const {head, levels} = append(tree, hashes);
  const tiles = levels.flatMap(tilesOf);
  const values = [
    tenantId,
    head.size,
    Buffer.concat(head.frontier).toString('hex'),
    tiles.map(({level}) => level),
    tiles.map(({index}) => index),
    tiles.map(tile => tile.hashes.toString('hex')),
    tiles.map(({filled}) => filled),
  ];
  session.defer({name: 'audit-grow-tree', text: GROW, values});
}

/** What a tile gets, and how many bytes it has before. */
interface GrownTile {
  level: number;
  index: number;
  filled: number;
  hashes: Buffer;
}

/** What each tile of a level gets. */
function tilesOf({level, start, hashes}: LevelHashes): GrownTile[] {
  const tiles = [];
  for (let at = 0; at < hashes.length; ) {
    const index = Math.floor((start + at) / TILE_WIDTH);
    const end = Math.min(hashes.length, (index + 1) * TILE_WIDTH - start);
    const filled = ((start + at) % TILE_WIDTH) * HASH_BYTES;
    tiles.push({level, index, filled, hashes: Buffer.concat(hashes.slice(at, end))});
    at = end;
  }
  return tiles;
}
