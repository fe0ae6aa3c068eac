import {randomBytes} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {SALT_BYTES, saltedLeaf} from '../integrity/leaf';
import {TILE_WIDTH} from '../integrity/tile';
import {append, type LevelHashes, type TreeHead} from '../integrity/tree-head';
import type {Session} from './database';
import {frontierOf} from './tree-rows';

/** Locks the head of a tenant's tree until the transaction ends; the first entry of a tenant plants the tree. */
const LOCK_HEAD = `INSERT INTO audit_trees (tenant_id) VALUES ($1)
  ON CONFLICT (tenant_id) DO UPDATE SET tenant_id = excluded.tenant_id RETURNING size, frontier`;

const GROW = `WITH head AS (UPDATE audit_trees SET size = $2, frontier = decode($3, 'hex') WHERE tenant_id = $1)
  INSERT INTO audit_tiles (tenant_id, level, index, hashes)
  SELECT $1, level, index, decode(hashes, 'hex')
    FROM unnest($4::smallint[], $5::bigint[], $6::text[]) AS tile (level, index, hashes)
  ON CONFLICT (tenant_id, level, index) DO UPDATE SET hashes = audit_tiles.hashes || excluded.hashes`;

/**
 * Gives entries their places in the tenant's tree, in the order in which they come, and grows the tree. Whoever
 * else would store for this tenant waits from here on until the transaction ends.
 */
export async function sealEntries(
  session: Session,
  tenantId: string,
  entries: readonly AuditEntry[],
): Promise<AuditEntry[]> {
  const salts = randomBytes(SALT_BYTES * entries.length);
  const saltOf = (i: number) => salts.subarray(i * SALT_BYTES, (i + 1) * SALT_BYTES);
  const hashes = entries.map((entry, i) => saltedLeaf(entry, saltOf(i)));
  const tree = await lockHead(session, tenantId);
  const {head, levels} = append(tree, hashes);
  const tiles = levels.flatMap(tilesOf);
  await session.rows(GROW, [
    tenantId,
    head.size,
    Buffer.concat(head.frontier).toString('hex'),
    tiles.map(({level}) => level),
    tiles.map(({index}) => index),
    tiles.map(tile => tile.hashes.toString('hex')),
  ]);
  return entries.map((entry, i) => ({
    ...entry,
    leafIndex: tree.size + i,
    leafHash: hashes[i]?.toString('hex') ?? '',
    salt: saltOf(i).toString('hex'),
  }));
}

async function lockHead(session: Session, tenantId: string): Promise<TreeHead> {
  const [[size, frontier] = []] = await session.rows(LOCK_HEAD, [tenantId]);
  return {size: Number(size), frontier: frontierOf(frontier)};
}

/** What each tile of a level gets. */
function tilesOf({level, start, hashes}: LevelHashes): {level: number; index: number; hashes: Buffer}[] {
  const tiles = [];
  for (let at = 0; at < hashes.length; ) {
    const index = Math.floor((start + at) / TILE_WIDTH);
    const end = Math.min(hashes.length, (index + 1) * TILE_WIDTH - start);
    tiles.push({level, index, hashes: Buffer.concat(hashes.slice(at, end))});
    at = end;
  }
  return tiles;
}
