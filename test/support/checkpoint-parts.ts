import {generateKeyPairSync, type KeyObject} from 'node:crypto';
import {pino} from 'pino';
import {admit} from '../../dist/admission/admit';
import {type LogSigner, logSigner} from '../../dist/integrity/log-signer';
import {CheckpointPublisher, type CheckpointPublisherParts} from '../../dist/jobs/checkpoint-publisher';
import {TreeSweep} from '../../dist/jobs/tree-sweep';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import type {Database} from '../../dist/repositories/database';
import {leafRow} from '../../dist/repositories/leaf-row';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {type AuditServiceOptions, DEFAULT_AUDIT_SERVICE_OPTIONS} from '../../dist/types';

/** The name under which the logs of tests are signed. */
export const ORIGIN = 'audit.example.com';

export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

/** Stores so many entries in the trail of a tenant. */
export async function grow(database: Database, tenantId: string, entries = 1): Promise<void> {
  const trail = new AuditTrailRepository(database, {queryTimeoutMs: 10_000});
  const bearer = {tenantId, actor: 'jane', actorType: 'user'} as const;
  const page = Array.from({length: entries}, (_, i) =>
    leafRow(admit({action: 'a.b', entityId: String(i)}, bearer)),
  );
  await trail.createAll(tenantId, page);
}

/** A log whose lines are kept, for a test to look at. */
export function heardLogger() {
  const lines: {level: number; msg: string}[] = [];
  return {lines, logger: pino({}, {write: (line: string) => void lines.push(JSON.parse(line))})};
}

export interface TestPublisher {
  log: TransparencyLog;
  publisher: CheckpointPublisher;
  /** What it has counted. */
  counts: {signed: number; failed: number};
  lines: {level: number; msg: string}[];
}

/** A publisher as the component makes it, but for what is given. */
export function testPublisher(
  database: Database,
  {
    signer = logSigner(ORIGIN, [newKey()]),
    ...given
  }: Partial<CheckpointPublisherParts> & {signer?: LogSigner},
  options: Partial<AuditServiceOptions['checkpoints']> = {},
): TestPublisher {
  const {lines, logger} = heardLogger();
  const log = given.log ?? new TransparencyLog(database, signer);
  const checkpoints = {...DEFAULT_AUDIT_SERVICE_OPTIONS.checkpoints, intervalMs: 20, ...options};
  const sweep = new TreeSweep({log, guard: undefined, notes: undefined, logger}, checkpoints.sweepMs);
  const counts = {signed: 0, failed: 0};
  const measures = {signed: () => void counts.signed++, failed: () => void counts.failed++};
  const parts = {
    ...{log, logger, sweep, measures, growth: database.growth, notes: undefined, witnesses: []},
    ...given,
  };
  return {log, publisher: new CheckpointPublisher(parts, checkpoints), counts, lines};
}
