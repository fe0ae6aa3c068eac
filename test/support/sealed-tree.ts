import assert from 'node:assert/strict';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Pool} from 'pg';
import {commitmentsOf, leafData, leafOf} from '../../dist/integrity/leaf';
import {rootOf} from '../../dist/integrity/tree-head';
import {rootFromTiles} from '../../dist/integrity/tree-reader';
import {EVERYTHING} from '../../dist/models/condition';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Database} from '../../dist/repositories/database';
import {naiveRoot} from '../unit/integrity/naive-tree';

const order = ENTRY_COLUMNS.filter(({property}) => property === 'id').map(column => ({
  column,
  descending: false,
}));

/** The entries of a tenant in the order of their leaves. */
async function leaves(database: Database, tenantId: string): Promise<AuditEntry[]> {
  const trail = new AuditTrailRepository(database, {queryTimeoutMs: 10_000});
  const entries: AuditEntry[] = [];
  for await (const page of trail.stream(tenantId, {condition: EVERYTHING, order})) entries.push(...page);
  return entries.sort((a, b) => (a.leafIndex ?? -1) - (b.leafIndex ?? -1));
}

const dataOf = (entry: AuditEntry) =>
  Buffer.from(leafData(entry, commitmentsOf(entry, Buffer.from(entry.salt ?? '', 'hex'))));

/**
 * That the tree of a tenant is the tree of the entries that are stored: dense, with the root of its head and of its
 * tiles. Answers the entries.
 */
export async function assertSealed(database: Database, admin: Pool, tenantId: string): Promise<AuditEntry[]> {
  const entries = await leaves(database, tenantId);
  for (const [i, entry] of entries.entries()) {
    assert.equal(entry.leafIndex, i);
    assert.equal(entry.leafHash, leafOf(entry)?.toString('hex'));
  }
  assert.equal(new Set(entries.map(({id}) => id)).size, entries.length, 'every id is there once');
  const root = naiveRoot(entries.map(dataOf)).toString('hex');
  const {rows} = await admin.query('SELECT size::int, frontier FROM audit_trees WHERE tenant_id = $1', [
    tenantId,
  ]);
  const {size, frontier} = rows[0];
  assert.equal(size, entries.length);
  const hashes = Array.from({length: frontier.length / 32}, (_, i) => frontier.subarray(i * 32, i * 32 + 32));
  assert.equal(rootOf({size, frontier: hashes}).toString('hex'), root);
  const fromTiles = await rootFromTiles(size, async spans =>
    Promise.all(
      spans.map(async ({level, index}) => {
        const sql = 'SELECT hashes FROM audit_tiles WHERE tenant_id = $1 AND level = $2 AND index = $3';
        return (await admin.query(sql, [tenantId, level, index])).rows[0]?.hashes;
      }),
    ),
  );
  assert.equal(fromTiles.toString('hex'), root);
  return entries;
}
