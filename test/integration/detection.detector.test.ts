import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry, NewAuditEntry} from '@loopback-audit/audit-log';
import {pino} from 'pino';
import {admit} from '../../dist/admission/admit';
import {DEFAULT_DETECTOR_OPTIONS, Detector} from '../../dist/detection/detector';
import {RuleCare} from '../../dist/detection/rule-care';
import {EVERYTHING} from '../../dist/models/condition';
import {OLDEST_FIRST} from '../../dist/query/order';
import {findEntries} from '../../dist/repositories/find-entries';
import {type DetectionTrail, detectionTrail, rulesOf} from '../support/detection-trail';
import {lookedAt} from '../support/looked-at';

const RULE_ID = randomUUID();
const RULE = `
title: Three failures
id: ${RULE_ID}
level: high
tags: [attack.t1110]
correlation: {type: event_count, rules: bad, group-by: [actor], timespan: 5m, condition: {gte: 3}}
---
name: bad
detection: {selection: {outcome: failure}, condition: selection}`;

/** A rule that would be raised by everything, what the trail tells of alerts included. */
const EVERY = `title: Every entry\nid: ${randomUUID()}\ndetection: {selection: {action: '*'}, condition: selection}`;

const failures = (count: number, entry: Partial<NewAuditEntry> = {}): NewAuditEntry[] =>
  Array.from({length: count}, () => ({
    ...{action: 'a', actor: 'jane', outcome: 'failure', actedAt: '2026-03-02T09:00:00Z'},
    ...entry,
  })) as NewAuditEntry[];

describe('the detector', () => {
  let trail: DetectionTrail;
  before(async () => {
    trail = await detectionTrail();
  });
  after(() => trail.db.drop());

  const entriesOf = (tenantId: string): Promise<AuditEntry[]> =>
    trail.db.database.transaction({role: 'audit_reader', tenantId}, session =>
      findEntries(session, tenantId, {condition: EVERYTHING, order: OLDEST_FIRST, limit: 100_000}),
    );
  const toldOf = async (tenantId: string) =>
    (await entriesOf(tenantId)).filter(({action}) => action.startsWith('audit.'));

  test('tells of an alert in the trail, in the same place as any entry', async () => {
    const [alert] = await trail.found([RULE], failures(3), 'told');
    const [entry, ...others] = await toldOf('told');
    assert.deepEqual(others, []);
    assert.equal(entry?.leafIndex, 3);
    assert.deepEqual(
      [entry?.action, entry?.actor, entry?.actorType, entry?.entityId, entry?.severity, entry?.category],
      ['audit.alert.raise', 'audit-service', 'system', alert?.id, 'high', 'security'],
    );
    assert.deepEqual(entry?.metadata, {
      ...{rule: RULE_ID, level: 'high', tags: ['attack.t1110'], group: {actor: 'jane'}, entries: 3},
      window: {from: '2026-03-02T09:00:00.000Z', to: '2026-03-02T09:00:00.000Z'},
      evidence: alert?.evidence,
    });
  });

  test('adds what comes later to the alert, and tells of it no second time', async () => {
    const [before] = await trail.found([RULE], failures(3), 'later');
    const [after, ...others] = await trail.found(
      [RULE],
      failures(2, {actedAt: '2026-03-02T09:01:00Z'}),
      'later',
    );
    assert.deepEqual(others, []);
    assert.equal(after?.id, before?.id);
    assert.equal(after?.raisedAt, before?.raisedAt);
    assert.deepEqual([before?.entries, after?.entries], [3, 5]);
    assert.equal((await toldOf('later')).length, 1);
  });

  test('is not set off by what the trail tells of alerts', async () => {
    const alerts = await trail.found([EVERY], failures(1), 'loop');
    assert.equal(alerts.length, 1);
    await lookedAt(trail.detectorOf([EVERY]), 'loop');
    assert.equal((await trail.alerts('loop')).length, 1);
    assert.equal((await entriesOf('loop')).length, 2);
  });

  test('cannot be hidden from, by the names of what tells of alerts', () => {
    for (const action of ['audit.alert.raise', 'audit.alert.', 'audit.rule.disable']) {
      const bearer = {tenantId: 'acme', actor: 'mallory', actorType: 'user'} as const;
      assert.throws(() => admit({action}, bearer), {code: 'INVALID_ENTRY'});
    }
  });

  test('keeps tenants apart', async () => {
    await trail.store(failures(2), 'one');
    await trail.store(failures(2), 'two');
    const detector = trail.detectorOf([RULE]);
    await lookedAt(detector, 'one');
    await lookedAt(detector, 'two');
    assert.deepEqual([await trail.alerts('one'), await trail.alerts('two')], [[], []]);
    await trail.store(failures(1), 'one');
    await lookedAt(detector, 'one');
    assert.equal((await trail.alerts('one')).length, 1);
    assert.deepEqual(await trail.alerts('two'), []);
    for (const table of ['alerts', 'detection_progress', 'detection_rules']) {
      const rows = await trail.db.database.transaction({role: 'audit_reader', tenantId: 'two'}, session =>
        session.rows(`SELECT tenant_id FROM ${table}`),
      );
      assert.ok(
        rows.every(([tenantId]) => tenantId === 'two'),
        table,
      );
      const write = trail.db.database.transaction({role: 'audit_writer', tenantId: 'two'}, session =>
        session.rows(`UPDATE ${table} SET tenant_id = 'two' WHERE tenant_id = 'one' RETURNING tenant_id`),
      );
      assert.deepEqual(await write, [], table);
    }
  });

  test('of several processes at once finds everything, and each of it once', async () => {
    const actors = Array.from({length: 20}, (_, i) => `u${i}`);
    await trail.store(
      actors.flatMap(actor => failures(3, {actor})),
      'race',
    );
    const detectors = Array.from({length: 4}, () => trail.detectorOf([RULE], 7));
    await Promise.all(
      detectors.map(async detector => {
        while ((await detector.advance('race')) !== 'done');
      }),
    );
    assert.equal((await trail.alerts('race')).length, 20);
    assert.equal((await toldOf('race')).length, 20);
  });

  test('keeps nothing of a look that does not end, and finds the same the next time', async () => {
    await trail.store(failures(3), 'cut');
    const stored = new Detector(
      {
        ...{database: trail.db.database, logger: pino({level: 'silent'})},
        rules: rulesOf([RULE]),
      },
      DEFAULT_DETECTOR_OPTIONS,
    );
    // The last of its writes fails: what was written before goes as well.
    await trail.db.admin.query(
      "ALTER TABLE audit_trees ADD CONSTRAINT cut CHECK (tenant_id <> 'cut' OR size <= 3)",
    );
    await assert.rejects(stored.advance('cut'));
    assert.deepEqual(await trail.alerts('cut'), []);
    assert.deepEqual(
      (await trail.db.admin.query("SELECT FROM detection_progress WHERE tenant_id = 'cut'")).rows,
      [],
    );
    await trail.db.admin.query('ALTER TABLE audit_trees DROP CONSTRAINT cut');
    await lookedAt(stored, 'cut');
    assert.equal((await trail.alerts('cut')).length, 1);
    assert.equal((await toldOf('cut')).length, 1);
  });

  test('goes on with the other rules where one fails, says why, and tries it again', async () => {
    const failing = `title: A fault\nid: ${randomUUID()}\ndetection: {selection: {action|re: '[[:nonsense:]]'}, condition: selection}`;
    await trail.store(failures(3), 'fault');
    const detector = trail.detectorOf([failing, RULE]);
    await lookedAt(detector, 'fault');
    assert.equal((await trail.alerts('fault')).length, 1);
    const {rows} = await trail.db.admin.query(
      "SELECT position::int, fault FROM detection_progress WHERE tenant_id = 'fault' ORDER BY position",
    );
    assert.deepEqual(rows, [
      {position: 0, fault: 'The regular expression cannot be read.'},
      {position: 4, fault: null},
    ]);
  });

  test('begins no further rule or page once the time of a turn is over, and goes on with them in the next', async () => {
    const second = RULE.replace(RULE_ID, randomUUID());
    const options = {...DEFAULT_DETECTOR_OPTIONS, pageEntries: 2, turnMs: 0};
    const {database, admin} = trail.db;
    const rules = rulesOf([RULE, second]);
    const detector = new Detector({database, rules, logger: pino({level: 'silent'})}, options);
    await trail.store(failures(3), 'turns');
    const positions = async () => {
      const sql =
        "SELECT position::int FROM detection_progress WHERE tenant_id = 'turns' ORDER BY position DESC";
      return (await admin.query(sql)).rows.map(({position}) => position);
    };
    for (const expected of [[2], [2, 2], [3, 2], [3, 3]]) {
      assert.equal(await detector.advance('turns'), 'more');
      // Alerts are entries as well, and come after what is looked at here.
      assert.deepEqual(
        (await positions()).map(position => Math.min(position, 3)),
        expected,
      );
    }
    while ((await detector.advance('turns')) !== 'done');
    assert.equal((await trail.alerts('turns')).length, 2);
    assert.equal((await toldOf('turns')).length, 2);
  });

  test('leaves a rule that has failed alone for a while, and then finds what it had not', async () => {
    const options = {...DEFAULT_DETECTOR_OPTIONS, ruleTimeoutMs: 100, retryMs: 1_500};
    const {database, admin} = trail.db;
    const detector = new Detector(
      {database, rules: rulesOf([RULE]), logger: pino({level: 'silent'})},
      options,
    );
    await trail.store(failures(3), 'retry');
    const holder = await admin.connect();
    await holder.query('BEGIN; LOCK TABLE audit_logs');
    assert.equal(await detector.advance('retry'), 'done');
    await holder.query('ROLLBACK');
    holder.release();
    const fault = async () =>
      (await admin.query("SELECT fault FROM detection_progress WHERE tenant_id = 'retry'")).rows[0].fault;
    assert.match(await fault(), /took too long/);
    assert.equal(await detector.advance('retry'), 'done');
    assert.deepEqual(await trail.alerts('retry'), []);
    await new Promise(resolve => setTimeout(resolve, options.retryMs));
    await lookedAt(detector, 'retry');
    assert.equal((await trail.alerts('retry')).length, 1);
    assert.equal(await fault(), null);
  });

  test('looks at everything anew by a rule that was changed, and leaves out one that was switched off', async () => {
    const bearer = {tenantId: 'own', actor: 'admin', actorType: 'user'} as const;
    const rules = rulesOf([RULE]);
    const care = new RuleCare(trail.db.database, rules);
    await care.enable(bearer, RULE_ID, false);
    await trail.found([RULE], failures(3), 'own');
    assert.deepEqual(await trail.alerts('own'), []);
    const ownId = randomUUID();
    const own = (count: number) => RULE.replace(RULE_ID, ownId).replace('gte: 3', `gte: ${count}`);
    await care.put(bearer, ownId, own(4));
    await lookedAt(trail.detectorOf([RULE]), 'own');
    assert.deepEqual(await trail.alerts('own'), []);
    await care.put(bearer, ownId, own(2));
    await lookedAt(trail.detectorOf([RULE]), 'own');
    assert.deepEqual(
      (await trail.alerts('own')).map(({ruleId}) => ruleId),
      [ownId],
    );
    await care.enable(bearer, RULE_ID, true);
    await lookedAt(trail.detectorOf([RULE]), 'own');
    assert.equal((await trail.alerts('own')).length, 2);
    assert.deepEqual(
      (await toldOf('own')).map(({action}) => action),
      [
        'audit.rule.disable',
        'audit.rule.create',
        'audit.rule.update',
        'audit.alert.raise',
        'audit.rule.enable',
        'audit.alert.raise',
      ],
    );
  });
});
