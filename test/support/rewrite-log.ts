import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Pool} from 'pg';
import {signCheckpoint} from '../../dist/integrity/checkpoint';
import {leafOf} from '../../dist/integrity/leaf';
import {originOf} from '../../dist/integrity/log-signer';
import {append, EMPTY_TREE, rootOf} from '../../dist/integrity/tree-head';
import {SIGNER, tamper} from './sealed-log';

/**
 * Rewrites a log as only he can who has the database and the key: its tree is built anew of what `entries` are, in
 * their order, and signed; no older checkpoint is left.
 */
export async function rewriteLog(
  admin: Pool,
  tenantId: string,
  entries: readonly AuditEntry[],
): Promise<void> {
  const leaves = entries.map(entry => leafOf(entry) as Buffer);
  const {head, levels} = append(EMPTY_TREE, leaves);
  const hex = (hashes: readonly Buffer[]) => `decode('${Buffer.concat(hashes).toString('hex')}', 'hex')`;
  const checkpoint = {origin: originOf(SIGNER, tenantId), size: head.size, root: rootOf(head)};
  const note = await signCheckpoint(checkpoint, SIGNER.keys);
  const own = `WHERE tenant_id = '${tenantId}'`;
  const tiles = levels.flatMap(({level, hashes}) =>
    Array.from({length: Math.ceil(hashes.length / 256)}, (_, index) => {
      const part = hashes.slice(index * 256, (index + 1) * 256);
      return `INSERT INTO audit_tiles VALUES ('${tenantId}', ${level}, ${index}, ${hex(part)})`;
    }),
  );
  await tamper(
    admin,
    ...leaves.map(
      (leaf, i) =>
        `UPDATE audit_logs SET leaf_index = ${i}, leaf_hash = ${hex([leaf])} ${own} AND id = '${entries[i]?.id}'`,
    ),
    `DELETE FROM audit_tiles ${own}`,
    ...tiles,
    `UPDATE audit_trees SET size = ${head.size}, frontier = ${hex(head.frontier)} ${own}`,
    `DELETE FROM audit_checkpoints ${own}`,
    `INSERT INTO audit_checkpoints (tenant_id, size, note) VALUES ('${tenantId}', ${head.size}, '${note}')`,
  );
}
