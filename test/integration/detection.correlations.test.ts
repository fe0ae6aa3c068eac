import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {NewAuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {type DetectionTrail, detectionTrail, essence, rulesOf} from '../support/detection-trail';
import {lookedAt} from '../support/looked-at';

const START = Date.parse('2026-03-02T09:00:00Z');

const BESIDE: Readonly<Record<string, string>> = {
  bad: 'detection: {selection: {outcome: failure}, condition: selection}',
  good: 'detection: {selection: {outcome: success}, condition: selection}',
  many: 'correlation: {type: event_count, rules: [bad], timespan: 10s, condition: {gte: 3}}',
};

/** A correlation with these lines, of `bad` (failure), `good` (success) and `many` (bad) as far as it names them. */
function correlation(...lines: string[]): string {
  const text = lines.join('\n').replace('many', 'many bad');
  const beside = Object.entries(BESIDE).filter(([name]) => text.includes(name));
  return [
    ...['title: A rule', `id: ${randomUUID()}`, 'correlation:', ...lines.map(line => `  ${line}`)],
    ...beside.flatMap(([name, content]) => ['---', `name: ${name}`, content]),
  ].join('\n');
}

/** One entry a letter, a second apart: b is bad, g is good, anything else neither. */
const story = (letters: string, entry: Partial<NewAuditEntry> = {}): NewAuditEntry[] =>
  [...letters].map((letter, i) => ({
    action: 'a',
    actor: 'jane',
    actedAt: new Date(START + i * 1_000).toISOString(),
    outcome: {b: 'failure', g: 'success'}[letter] ?? 'pending',
    ...entry,
  })) as NewAuditEntry[];

const counted = (atLeast: number, span = '5s') =>
  correlation(
    'type: event_count',
    'rules: [bad]',
    'group-by: [actor]',
    `timespan: ${span}`,
    `condition: {gte: ${atLeast}}`,
  );

describe('a correlation', () => {
  let trail: DetectionTrail;
  before(async () => {
    trail = await detectionTrail();
  });
  after(() => trail.db.drop());

  /** Whether a rule is raised, by entries that come in their order, and backwards. */
  const isRaised = async (rule: string, entries: readonly NewAuditEntry[]): Promise<boolean> => {
    const [there, back] = [randomUUID(), randomUUID()];
    const found = (await trail.found([rule], entries, there)).length;
    assert.equal((await trail.found([rule], [...entries].reverse(), back)).length, found);
    return found > 0;
  };

  test('of events counts those in its time, both ends included', async () => {
    assert.equal(await isRaised(counted(3), story('b..b.b')), true);
    assert.equal(await isRaised(counted(3), story('b..b..b')), false);
    assert.equal(await isRaised(counted(3), story('bb.g')), false);
  });

  test('of events counts each group by itself', async () => {
    const [first, second] = [story('b.b'), story('.b', {actor: 'joe'})];
    assert.equal(await isRaised(counted(3), [...first, ...second]), false);
    assert.equal(
      await isRaised(correlation('type: event_count', 'rules: bad', 'timespan: 5s', 'condition: {gte: 3}'), [
        ...first,
        ...second,
      ]),
      true,
    );
  });

  test('of events passes over what lacks a field that it groups by', async () => {
    const byIp = correlation(
      'type: event_count',
      'rules: bad',
      'group-by: [actor, ip]',
      'timespan: 5s',
      'condition: {gte: 2}',
    );
    assert.equal(await isRaised(byIp, story('bbbb')), false);
    assert.equal(await isRaised(byIp, story('bbbb', {ip: '192.0.2.1'})), true);
  });

  test('of values counts different ones', async () => {
    const byUser = correlation(
      'type: value_count',
      'rules: bad',
      'group-by: [ip]',
      'timespan: 5s',
      'condition: {field: actor, gte: 3}',
    );
    const by = (actors: string, gap = 1) =>
      [...actors].map((actor, i) => ({
        ...story('b', {ip: '192.0.2.1'})[0],
        actor,
        actedAt: new Date(START + i * gap * 1_000).toISOString(),
      })) as NewAuditEntry[];
    assert.equal(await isRaised(byUser, by('abac')), true);
    assert.equal(await isRaised(byUser, by('ababab')), false);
    assert.equal(await isRaised(byUser, by('abc', 3)), false);
    assert.equal(await isRaised(byUser, by('aabbcc', 2)), false);
  });

  test('in time has all of its rules, in any order', async () => {
    const both = correlation('type: temporal', 'rules: [bad, good]', 'group-by: [actor]', 'timespan: 3s');
    assert.equal(await isRaised(both, story('b..g')), true);
    assert.equal(await isRaised(both, story('g.b')), true);
    assert.equal(await isRaised(both, story('b...g')), false);
    assert.equal(await isRaised(both, story('bbbb')), false);
  });

  test('in order has them in this one', async () => {
    const ordered = correlation(
      'type: temporal_ordered',
      'rules: [bad, good, bad]',
      'group-by: [actor]',
      'timespan: 5s',
    );
    assert.equal(await isRaised(ordered, story('bgb')), true);
    assert.equal(await isRaised(ordered, story('gbbg')), false);
    assert.equal(await isRaised(ordered, story('b..g..b')), false);
    assert.equal(await isRaised(ordered, story('b.bg.b')), true);
  });

  test('may be one of what another correlates', async () => {
    const after = correlation(
      'type: temporal_ordered',
      'rules: [many, good]',
      'group-by: [actor]',
      'timespan: 20s',
    );
    assert.equal(await isRaised(after, story('bbb.......g')), true);
    assert.equal(await isRaised(after, story('bb........g')), false);
    assert.equal(await isRaised(after, story('g.bbb')), false);
    assert.equal(await isRaised(after, story('b.....b.....b.g')), false);
  });

  test('tells its window and all that is in it', async () => {
    const entries = story('b.bb').map(entry => ({id: randomUUID(), ...entry}));
    const [alert] = await trail.found([counted(3)], entries, randomUUID());
    assert.deepEqual(alert?.group, {actor: 'jane'});
    assert.deepEqual({...alert?.window}, {from: '2026-03-02T09:00:00.000Z', to: '2026-03-02T09:00:03.000Z'});
    assert.deepEqual(alert?.evidence, [entries[0]?.id, entries[2]?.id, entries[3]?.id]);
    assert.equal(alert?.entries, 3);
  });

  test('keeps no more than the first hundred ids, and counts on', async () => {
    const entries = story('b'.repeat(250)).map(entry => ({id: randomUUID(), ...entry}));
    const [alert, ...others] = await trail.found([counted(3, '1m')], entries, randomUUID());
    assert.deepEqual(others, []);
    assert.equal(alert?.entries, 250);
    assert.deepEqual(
      alert?.evidence,
      entries.slice(0, 100).map(({id}) => id),
    );
  });

  test('tells of what goes on once an hour', async () => {
    const entries = Array.from({length: 3 * 60}, (_, i) => ({
      ...story('b')[0],
      actedAt: new Date(START + 30 * 60_000 + i * 60_000).toISOString(),
    })) as NewAuditEntry[];
    const alerts = await trail.found([counted(3, '5m')], entries, randomUUID());
    assert.equal(alerts.length, 4);
  });
});

describe('what is found', () => {
  let trail: DetectionTrail;
  before(async () => {
    trail = await detectionTrail();
  });
  after(() => trail.db.drop());

  const RULES = [
    counted(3),
    correlation(
      'type: value_count',
      'rules: [bad, good]',
      'group-by: [actor]',
      'timespan: 1h',
      'condition: {field: network(ip), gte: 3}',
    ),
    correlation('type: temporal', 'rules: [bad, good]', 'group-by: [actor]', 'timespan: 2m'),
    correlation('type: temporal_ordered', 'rules: [many, good]', 'group-by: [actor]', 'timespan: 2h'),
    correlation('type: event_count', 'rules: [bad, good]', 'timespan: 90m', 'condition: {gt: 5}'),
    `title: Each\nid: ${randomUUID()}\ndetection: {selection: {outcome: success}, condition: selection}`,
    correlation(
      'type: new_value',
      'rules: good',
      'group-by: [actor]',
      'field: network(ip)',
      'timespan: 2d',
      'learning: 1h',
      'learning-entries: 2',
    ),
    correlation(
      'type: new_value',
      'rules: bad',
      'group-by: [actor]',
      'field: hour(actedAt)',
      'timespan: 2d',
      'learning: 1h',
      'tolerance: 1',
    ),
  ];

  const entry = fc.record({
    actor: fc.constantFrom('jane', 'joe'),
    outcome: fc.constantFrom('failure', 'success', 'success'),
    ip: fc.constantFrom('192.0.2.1', '192.0.2.9', '198.51.100.1', '203.0.113.1', '2001:db8::1'),
    actedAt: fc
      .oneof(fc.integer({min: 0, max: 20}), fc.integer({min: 0, max: 18_000}))
      .map(seconds => new Date(START + seconds * 1_000).toISOString()),
  });

  const bad = (seconds: number) => ({
    ...{actor: 'jane', outcome: 'failure', ip: '192.0.2.1'},
    actedAt: new Date(START + seconds * 1_000).toISOString(),
  });
  const sizes = Array.from({length: 40}, () => 1);

  test('is the same in whatever batches and pages entries come, in their order or not', async () => {
    const raised = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, {minLength: 1, maxLength: 40}),
        fc.array(fc.integer({min: 1, max: 12}), {minLength: 40, maxLength: 40}),
        fc.integer({min: 1, max: 7}),
        async (given, sizes, pageEntries) => {
          const entries = given.map(each => ({...each, id: randomUUID(), action: 'a'}) as NewAuditEntry);
          const tenantId = randomUUID();
          const detector = trail.detectorOf(RULES, pageEntries);
          for (let at = 0, i = 0; at < entries.length; at += sizes[i++] ?? 1) {
            await trail.store(entries.slice(at, at + (sizes[i] ?? 1)), tenantId);
            await lookedAt(detector, tenantId);
          }
          const inBatches = (await trail.alerts(tenantId)).map(essence);
          // From the beginning, in one go, as if nothing had been found before.
          await trail.db.admin.query('DELETE FROM alerts');
          await trail.db.admin.query('DELETE FROM detection_progress');
          await lookedAt(trail.detectorOf(RULES), tenantId);
          const again = await trail.alerts(tenantId);
          for (const {ruleId} of again) raised.add(ruleId);
          const atOnce = again.map(essence);
          const byId = (a: {id: string}, b: {id: string}) => (a.id < b.id ? -1 : 1);
          assert.deepEqual(inBatches.sort(byId), atOnce.sort(byId));
        },
      ),
      {
        numRuns: Number(process.env.FC_RUNS ?? 40),
        // Chance seldom has somebody come at an hour that is new, or succeed after failures.
        examples: [
          [[bad(0), bad(12_600)], sizes, 1],
          [[bad(0), bad(1), bad(2), {...bad(60), outcome: 'success'}], sizes, 1],
        ],
      },
    );
    assert.deepEqual(
      [...raised].sort(),
      [...rulesOf(RULES).keys()].sort(),
      'every rule is raised at some time',
    );
  });

  test('is the same where PostgreSQL counts and where the service does', async () => {
    // A count of a count of one is watched by the service; the count alone is left to PostgreSQL.
    const counts = (atLeast: number, ...more: string[]) =>
      [
        'title: A rule',
        `id: ${randomUUID()}`,
        `correlation: {type: event_count, rules: [${more.length > 0 ? 'each' : 'bad'}], group-by: [actor], timespan: 2m, condition: {gte: ${atLeast}}}`,
        ...['---', 'name: bad', 'detection: {selection: {outcome: failure}, condition: selection}', ...more],
      ].join('\n');
    const each = [
      '---',
      'name: each',
      'correlation: {type: event_count, rules: [bad], timespan: 1s, condition: {gte: 1}}',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, {minLength: 1, maxLength: 40}),
        fc.integer({min: 1, max: 6}),
        async (given, atLeast) => {
          const tenantId = randomUUID();
          const entries = given.map(one => ({...one, id: randomUUID(), action: 'a'}) as NewAuditEntry);
          const alerts = await trail.found([counts(atLeast), counts(atLeast, ...each)], entries, tenantId);
          const times = (rule: string) =>
            alerts
              .filter(({ruleId}) => ruleId === rule)
              .map(({group, window}) => `${group.actor} ${window.to}`)
              .sort();
          const [one = [], other = []] = [...new Set(alerts.map(({ruleId}) => ruleId))].map(times);
          assert.deepEqual(one, other);
        },
      ),
      {numRuns: Number(process.env.FC_RUNS ?? 25)},
    );
  });

  test('of counts is the same in whatever order entries come', async () => {
    // What is new depends on what was known before, and so on the order in which the trail learns of it.
    const counting = RULES.slice(0, 6);
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, {minLength: 1, maxLength: 40}),
        fc.infiniteStream(fc.integer()),
        async (given, keys) => {
          const entries = given.map(each => ({...each, id: randomUUID(), action: 'a'}) as NewAuditEntry);
          const shuffled = entries
            .map(each => ({each, key: keys.next().value as number}))
            .sort((a, b) => a.key - b.key)
            .map(({each}) => each);
          const tell = async (list: readonly NewAuditEntry[]) => {
            const tenantId = randomUUID();
            const detector = trail.detectorOf(counting, 5);
            for (const half of [list.slice(0, list.length / 2), list.slice(list.length / 2)]) {
              await trail.store(half, tenantId);
              await lookedAt(detector, tenantId);
            }
            return (await trail.alerts(tenantId))
              .map(alert => JSON.stringify({...essence(alert), id: alert.ruleId}))
              .sort();
          };
          assert.deepEqual(await tell(shuffled), await tell(entries));
        },
      ),
      {numRuns: Number(process.env.FC_RUNS ?? 25)},
    );
  });
});
