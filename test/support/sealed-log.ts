import {generateKeyPairSync} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Pool} from 'pg';
import {admitOwn} from '../../dist/admission/admit';
import {commitmentsOf} from '../../dist/integrity/leaf';
import {logSigner} from '../../dist/integrity/log-signer';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Database} from '../../dist/repositories/database';
import {leafRow} from '../../dist/repositories/leaf-row';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {fullEntry} from '../unit/sample-entry';

/** Who signs the logs of these tests. */
export const SIGNER = logSigner('audit.example.com', [generateKeyPairSync('ed25519').privateKey]);

/** What may be sent of an entry with every property. */
function input(number: number): object {
  const {tenantId, recordedAt, leafIndex, leafHash, salt, ...given} = fullEntry(number);
  return {...given, metadata: {number, list: [], 'dotted.key': '😀'}};
}

/** Stores and seals entries as the service does. */
export async function seal(database: Database, tenantId: string, inputs: readonly object[]): Promise<void> {
  const trail = new AuditTrailRepository(database, {queryTimeoutMs: 10_000});
  const rows = inputs.map(each => leafRow(admitOwn(each, {tenantId, actor: 'jane', actorType: 'user'})));
  await trail.createAll(tenantId, rows);
}

/**
 * Three sealed logs: `acme` of 700 entries, with checkpoints at 400 and 700, where entry 20 records that entry 10 was
 * erased; `rival` of 300, `tiny` of 3.
 */
export async function sealLogs(database: Database, admin: Pool): Promise<void> {
  const log = new TransparencyLog(database, SIGNER);
  const inputs = Array.from({length: 700}, (_, i) =>
    i === 20
      ? {action: 'audit.log.erase', metadata: {leaves: [[10, 10]]}}
      : i % 7 === 5
        ? {action: 'a.b'}
        : input(i),
  );
  await seal(database, 'acme', inputs.slice(0, 400));
  await log.checkpoint('acme');
  await seal(database, 'acme', inputs.slice(400));
  await seal(
    database,
    'rival',
    inputs.slice(0, 300).map((_, i) => input(1_000 + i)),
  );
  await seal(database, 'tiny', [input(2_000), input(2_001), input(2_002)]);
  for (const tenantId of ['acme', 'rival', 'tiny']) await log.checkpoint(tenantId);
  await tamper(admin, await erasure(database, 10));
}

/** The statement that erases an entry of `acme`, and leaves the commitments in place of its values. */
async function erasure(database: Database, leafIndex: number): Promise<string> {
  const trail = new AuditTrailRepository(database, {queryTimeoutMs: 10_000});
  const entry = await trail.findById('acme', (input(leafIndex) as AuditEntry).id);
  const commitments = JSON.stringify(commitmentsOf(entry, Buffer.from(entry.salt ?? '', 'hex')));
  return `UPDATE audit_logs SET actor_email = NULL, actor_name = NULL, after = NULL, before = NULL, description = NULL,
    ip = NULL, metadata = NULL, reason = NULL, user_agent = NULL, salt = NULL, commitments = '${commitments}'
    WHERE tenant_id = 'acme' AND leaf_index = ${leafIndex}`;
}

/** Runs statements past every trigger, as only a superuser can. */
export async function tamper(admin: Pool, ...statements: string[]): Promise<void> {
  const client = await admin.connect();
  try {
    await client.query('SET session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.query('RESET session_replication_role');
    client.release();
  }
}
