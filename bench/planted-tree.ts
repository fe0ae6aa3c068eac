import {Client} from 'pg';
import type {DatabaseSettings} from '../dist';
import {sha256} from '../dist/integrity/sha256';
import {append, EMPTY_TREE, type TreeHead} from '../dist/integrity/tree-head';
import {TENANT} from './bench-server';

const AT_ONCE = 65_536;

/**
 * Gives every entry of a copied database a place in a tree, past the service, and makes tiles and head of that tree. Its
 * leaves are no hashes of the entries: it is as large as a real one, and takes as long to grow and to prove from.
 */
export async function plantTree({ssl: _ssl, ...connection}: DatabaseSettings, size: number): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  await client.query('SET session_replication_role = replica');
  await client.query(
    `UPDATE audit_logs SET leaf_index = place.n - 1
       FROM (SELECT id, acted_at, row_number() OVER (ORDER BY acted_at, id) AS n FROM audit_logs) AS place
      WHERE audit_logs.id = place.id AND audit_logs.acted_at = place.acted_at`,
  );
  let tree: TreeHead = EMPTY_TREE;
  const levels = new Map<number, Buffer[]>();
  for (let first = 0; first < size; first += AT_ONCE) {
    const leaves = Array.from({length: Math.min(AT_ONCE, size - first)}, (_, i) =>
      sha256(`leaf ${first + i}`),
    );
    const grown = append(tree, leaves);
    tree = grown.head;
    for (const {level, hashes} of grown.levels) levels.set(level, [...(levels.get(level) ?? []), ...hashes]);
  }
  for (const [level, hashes] of levels) {
    for (let at = 0; at < hashes.length; at += 256) {
      const tile = Buffer.concat(hashes.slice(at, at + 256));
      await client.query('INSERT INTO audit_tiles VALUES ($1, $2, $3, $4)', [TENANT, level, at / 256, tile]);
    }
  }
  await client.query('INSERT INTO audit_trees VALUES ($1, $2, $3)', [
    TENANT,
    size,
    Buffer.concat(tree.frontier),
  ]);
  await client.query('VACUUM (ANALYZE) audit_logs, audit_tiles, audit_trees');
  await client.end();
}
