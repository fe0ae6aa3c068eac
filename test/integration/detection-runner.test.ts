import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {Pool} from 'pg';
import {admit} from '../../dist/admission/admit';
import {DEFAULT_DETECTOR_OPTIONS, Detector} from '../../dist/detection/detector';
import {DetectionRunner} from '../../dist/jobs/detection-runner';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {Database} from '../../dist/repositories/database';
import {undetectedTenants} from '../../dist/repositories/detection/progress-rows';
import {heardLogger} from '../support/checkpoint-parts';
import {type DetectionTrail, detectionTrail, rulesOf} from '../support/detection-trail';
import {eventually} from '../support/eventually';

const RULE = `title: A failure\nid: ${randomUUID()}\ndetection: {selection: {outcome: failure}, condition: selection}`;

const failure = (actor: string) =>
  ({action: 'a', actor, outcome: 'failure', actedAt: '2026-03-02T09:00:00Z'}) as NewAuditEntry;

describe('detection in the background', () => {
  let trail: DetectionTrail;
  let isAway = false;
  const pools: Pool[] = [];

  before(async () => {
    trail = await detectionTrail();
  });
  after(async () => {
    await Promise.all(pools.map(pool => pool.end()));
    await trail.db.drop();
  });

  /** A process of its own, with its own connections. */
  function process(options: {intervalMs: number; sweepMs: number}, pageEntries = 2_000) {
    const {ssl: _ssl, ...connection} = trail.db.settings;
    const pool = new Pool({...connection, max: 5});
    pool.on('error', () => {});
    pools.push(pool);
    const database = new Database(async () => {
      if (isAway) throw Object.assign(new Error('away'), {code: 'ECONNREFUSED'});
      return pool;
    });
    const {logger, lines} = heardLogger();
    const detector = new Detector(
      {database, logger, rules: rulesOf([RULE])},
      {...DEFAULT_DETECTOR_OPTIONS, pageEntries},
    );
    const runner = new DetectionRunner({database, detector, logger}, options);
    return {database, runner, lines, auditLogs: new AuditTrailRepository(database, {queryTimeoutMs: 10_000})};
  }

  const alertsOf = (tenantId: string, count: number) =>
    eventually(`${count} alerts of ${tenantId}`, async () => {
      const alerts = await trail.alerts(tenantId);
      return alerts.length >= count ? alerts : undefined;
    });

  test('looks at what its process has stored, without a sweep', async () => {
    const {runner, auditLogs} = process({intervalMs: 10, sweepMs: 1e9});
    runner.start();
    const bearer = {tenantId: 'own', actor: 'tester', actorType: 'user'} as const;
    // The sweep at the start is over, so nobody else tells of what comes.
    await new Promise(resolve => setTimeout(resolve, 200));
    await auditLogs.create('own', admit(failure('jane'), bearer));
    await alertsOf('own', 1);
    await runner.stop();
  });

  test('finds what other processes have stored, by a sweep', async () => {
    const {runner} = process({intervalMs: 10, sweepMs: 50});
    runner.start();
    for (const tenantId of ['there', 'elsewhere']) await trail.store([failure('jane')], tenantId);
    await alertsOf('there', 1);
    await alertsOf('elsewhere', 1);
    await runner.stop();
  });

  test('finds tenants that a rule is new to, though nothing has come to them since', async () => {
    const {runner} = process({intervalMs: 10, sweepMs: 50});
    await trail.store([failure('jane')], 'idle');
    await trail.db.admin.query(
      "INSERT INTO detection_progress (tenant_id, rule_id, position) VALUES ('idle', $1, 1)",
      [randomUUID()],
    );
    runner.start();
    await alertsOf('idle', 1);
    await runner.stop();
    const ruleIds = [...rulesOf([RULE]).keys()];
    assert.deepEqual(await undetectedTenants(trail.db.database, ruleIds), []);
  });

  test('of many processes that stop in the middle of it, each alert is raised once', async () => {
    const actors = Array.from({length: 120}, (_, i) => `u${i}`);
    await trail.store(actors.map(failure), 'busy');
    for (let i = 0; i < 8; i++) {
      const processes = [1, 2, 3].map(() => process({intervalMs: 1, sweepMs: 1}, 1));
      for (const {runner} of processes) runner.start();
      await new Promise(resolve => setTimeout(resolve, 40 * i));
      await Promise.all(processes.map(({runner}) => runner.stop()));
    }
    const {runner} = process({intervalMs: 1, sweepMs: 1}, 7);
    runner.start();
    const alerts = await alertsOf('busy', actors.length);
    await runner.stop();
    assert.deepEqual(alerts.map(({group}) => group.actor).sort(), [...actors].sort());
    const told = await trail.db.admin.query(
      "SELECT FROM audit_logs WHERE tenant_id = 'busy' AND action = 'audit.alert.raise'",
    );
    assert.equal(told.rowCount, actors.length);
  });

  test('looks at others while the turn of a tenant lasts', async () => {
    await trail.store([failure('jane')], 'slow');
    const [ruleId] = rulesOf([RULE]).keys();
    const {admin} = trail.db;
    await admin.query(
      "INSERT INTO detection_progress (tenant_id, rule_id, position) VALUES ('slow', $1, 0)",
      [ruleId],
    );
    const holder = await admin.connect();
    await holder.query("BEGIN; SELECT FROM detection_progress WHERE tenant_id = 'slow' FOR UPDATE");
    const {runner} = process({intervalMs: 10, sweepMs: 20});
    runner.start();
    try {
      await eventually('the turn of the tenant has begun', async () => {
        const {rows} = await admin.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        return rows.length > 0 || undefined;
      });
      for (const tenantId of ['after-1', 'after-2']) {
        await trail.store([failure('jane')], tenantId);
        await alertsOf(tenantId, 1);
      }
      assert.deepEqual(await trail.alerts('slow'), []);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    await alertsOf('slow', 1);
    await runner.stop();
  });

  test('goes on when the database is back, and says once that it was away', async () => {
    const {runner, lines} = process({intervalMs: 5, sweepMs: 5});
    isAway = true;
    runner.start();
    await new Promise(resolve => setTimeout(resolve, 200));
    await trail.store([failure('jane')], 'back');
    isAway = false;
    await alertsOf('back', 1);
    await eventually(
      'it says so',
      async () => lines.some(({msg}) => msg === 'entries are looked at again') || undefined,
    );
    await runner.stop();
    assert.equal(lines.filter(({msg}) => msg === 'entries cannot be looked at').length, 1);
  });

  test('does nothing where it is switched off', async () => {
    const {runner} = process({intervalMs: 0, sweepMs: 1});
    runner.start();
    await trail.store([failure('jane')], 'off');
    await new Promise(resolve => setTimeout(resolve, 200));
    await runner.stop();
    assert.deepEqual(await trail.alerts('off'), []);
  });
});
