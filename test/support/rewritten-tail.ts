import type {Pool} from 'pg';
import {sha256} from '../../dist/integrity/sha256';
import {append, EMPTY_TREE} from '../../dist/integrity/tree-head';

/**
 * Rewrites the last entry of a tree of at most 256 as somebody would who has every right and knows how: another leaf, the
 * tile and the head that belong to it, and no checkpoint that tells of the former one.
 */
export async function rewriteTail(admin: Pool, tenantId: string): Promise<void> {
  const client = await admin.connect();
  try {
    await client.query("SET session_replication_role = 'replica'");
    const {rows} = await client.query('SELECT hashes FROM audit_tiles WHERE tenant_id = $1 AND level = 0', [
      tenantId,
    ]);
    const hashes: Buffer = rows[0].hashes;
    sha256('another leaf').copy(hashes, hashes.length - 32);
    const leaves = Array.from({length: hashes.length / 32}, (_, i) => hashes.subarray(i * 32, i * 32 + 32));
    const {head} = append(EMPTY_TREE, leaves);
    await client.query('UPDATE audit_tiles SET hashes = $2 WHERE tenant_id = $1 AND level = 0', [
      tenantId,
      hashes,
    ]);
    await client.query('UPDATE audit_trees SET frontier = $2 WHERE tenant_id = $1', [
      tenantId,
      Buffer.concat(head.frontier),
    ]);
    await client.query('DELETE FROM audit_checkpoints WHERE tenant_id = $1', [tenantId]);
  } finally {
    client.release(true);
  }
}
