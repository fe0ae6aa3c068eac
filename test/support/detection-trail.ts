import assert from 'node:assert/strict';
import type {AuditEntry, NewAuditEntry} from '@loopback-audit/audit-log';
import {pino} from 'pino';
import {admit, type Bearer} from '../../dist/admission/admit';
import {type RuleWithSource} from '../../dist/detection/default-rules';
import {DEFAULT_DETECTOR_OPTIONS, Detector} from '../../dist/detection/detector';
import {readRule} from '../../dist/detection/read-rule';
import type {Alert} from '../../dist/models/alert.model';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {findAlerts} from '../../dist/repositories/detection/alert-rows';
import {leafRow} from '../../dist/repositories/leaf-row';
import {lookedAt} from './looked-at';
import {createTestDatabase, type TestDatabase} from './test-database';

/** A trail of its own, and a detector that holds it against some rules. */
export interface DetectionTrail {
  db: TestDatabase;
  detectorOf(rules: readonly string[], pageEntries?: number): Detector;
  /** Stores entries of a tenant, in the order given. */
  store(entries: readonly NewAuditEntry[], tenantId?: string): Promise<AuditEntry[]>;
  alerts(tenantId?: string): Promise<Alert[]>;
  /** What the rules find once everything has been looked at. */
  found(rules: readonly string[], entries: readonly NewAuditEntry[], tenantId: string): Promise<Alert[]>;
}

export const rulesOf = (sources: readonly string[]): ReadonlyMap<string, RuleWithSource> =>
  new Map(sources.map(source => ({source, rule: readRule(source)})).map(each => [each.rule.id, each]));

export async function detectionTrail(): Promise<DetectionTrail> {
  const db = await createTestDatabase();
  const auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
  const trail: DetectionTrail = {
    db,
    detectorOf: (sources, pageEntries = DEFAULT_DETECTOR_OPTIONS.pageEntries) =>
      new Detector(
        {database: db.database, rules: rulesOf(sources), logger: pino({level: 'silent'})},
        {...DEFAULT_DETECTOR_OPTIONS, pageEntries},
      ),
    async store(entries, tenantId = 'acme') {
      const bearer: Bearer = {tenantId, actor: 'tester', actorType: 'user'};
      const rows = entries.map(entry => leafRow(admit(entry, bearer), true));
      await auditLogs.createAll(tenantId, rows);
      return rows.flatMap(({admitted}) => (admitted ? [admitted.entry] : []));
    },
    alerts: (tenantId = 'acme') =>
      findAlerts(db.database, tenantId, {}, {after: undefined, limit: 1_000, timeoutMs: 10_000}),
    async found(rules, entries, tenantId) {
      await trail.store(entries, tenantId);
      await lookedAt(trail.detectorOf(rules), tenantId);
      const {rows: faults} = await db.admin.query(
        'SELECT fault FROM detection_progress WHERE tenant_id = $1 AND fault IS NOT NULL',
        [tenantId],
      );
      assert.deepEqual(faults, []);
      return trail.alerts(tenantId);
    },
  };
  return trail;
}

/** What makes two alerts the same, whenever they were raised. */
export const essence = ({id, group, window, entries, evidence}: Alert) => ({
  id,
  group,
  window: {...window},
  entries,
  evidence,
});
