import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {JsonObject, NewAuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {readRule} from '../../dist/detection/read-rule';
import {EVERYTHING} from '../../dist/models/condition';
import {OLDEST_FIRST} from '../../dist/query/order';
import {findEntries} from '../../dist/repositories/find-entries';
import {type DetectionTrail, detectionTrail} from '../support/detection-trail';

type Selection = Record<string, unknown>;
type Entry = Record<string, unknown>;

const ruleOf = (detection: object) =>
  readRule(JSON.stringify({title: 'A rule', id: randomUUID(), detection}));

describe('a selection means', () => {
  let trail: DetectionTrail;
  let tenants = 0;
  before(async () => {
    trail = await detectionTrail();
  });
  after(() => trail.db.drop());

  /** The places of the entries that are under the condition of a detection. */
  const under = (tenantId: string, detection: object): Promise<number[]> =>
    trail.db.database.transaction({role: 'audit_reader', tenantId}, async session => {
      const condition = ruleOf(detection).matchers[0] ?? EVERYTHING;
      const entries = await findEntries(session, tenantId, {condition, order: OLDEST_FIRST, limit: 100_000});
      return entries.map(({leafIndex}) => Number(leafIndex)).sort((a, b) => a - b);
    });
  const stored = async (entries: readonly Entry[]): Promise<string> => {
    const tenantId = `t${tenants++}`;
    await trail.store(
      entries.map(each => ({action: 'a', ...each}) as NewAuditEntry),
      tenantId,
    );
    return tenantId;
  };

  /** Of two entries a selection means the first, and not the second. */
  const cases: [what: string, selection: Selection, first: Entry, second: Entry][] = [
    ['text whatever its case', {action: 'User.Login'}, {action: 'user.LOGIN'}, {action: 'user.login2'}],
    ['text in this case', {'action|cased': 'A'}, {action: 'A'}, {action: 'a'}],
    ['a beginning', {action: 'user.*'}, {action: 'user.x'}, {action: 'auser.x'}],
    ['one character', {action: 'a?c'}, {action: 'abc'}, {action: 'abbc'}],
    ['no pattern of SQL', {action: 'a_c%'}, {action: 'a_c%'}, {action: 'abcd'}],
    ['an asterisk itself', {action: 'a\\*'}, {action: 'a*'}, {action: 'ab'}],
    ['a backslash itself', {action: 'a\\b'}, {action: 'a\\b'}, {action: 'ab'}],
    ['an end', {'action|endswith': 'in'}, {action: 'login'}, {action: 'inlog'}],
    ['all of them', {'action|contains|all': ['a', 'b']}, {action: 'xbxa'}, {action: 'xax'}],
    ['a regular expression', {'action|re': '^a.c$'}, {action: 'abc'}, {action: 'aBC'}],
    ['one whatever its case', {'action|re|i': '^a.c$'}, {action: 'aBC'}, {action: 'abcd'}],
    ['an address', {ip: '10.0.0.1'}, {ip: '10.0.0.1'}, {ip: '10.0.0.11'}],
    ['a pattern of addresses', {ip: '10.0.*'}, {ip: '10.0.9.9'}, {ip: '10.1.0.0'}],
    ['a network', {'ip|cidr': '10.0.0.0/8'}, {ip: '10.255.0.1'}, {ip: '11.0.0.1'}],
    ['nothing', {reason: null}, {}, {reason: 'x'}],
    ['something', {'reason|exists': true}, {reason: 'x'}, {}],
    ['a number', {'metadata.n': 5}, {metadata: {n: 5}}, {metadata: {n: 55}}],
    ['a number that was sent as text', {'metadata.n': 5}, {metadata: {n: '5'}}, {metadata: {n: null}}],
    ['a greater number', {'metadata.n|gt': 9}, {metadata: {n: 10}}, {metadata: {n: 9}}],
    ['true', {'after.deleted': true}, {after: {deleted: true}}, {after: {deleted: false}}],
    [
      'a place in a list',
      {'metadata.list.1': 'b'},
      {metadata: {list: ['a', 'b']}},
      {metadata: {list: ['b', 'a']}},
    ],
    [
      'what is somewhere in a value',
      {'metadata.o|contains': '"0.0.0.0/0"'},
      {metadata: {o: {a: ['0.0.0.0/0']}}},
      {metadata: {o: {a: '10.0.0.0/0'}}},
    ],
    ['one of a list of tags', {tags: 'urgent'}, {tags: ['a', 'urgent']}, {tags: ['urgently']}],
    [
      'the same as another field',
      {'entityId|fieldref': 'actor'},
      {entityId: 'JANE', actor: 'jane'},
      {entityId: 'joe', actor: 'jane'},
    ],
    [
      'a field of JSON, too',
      {'metadata.by|fieldref': 'actor'},
      {metadata: {by: 'jane'}, actor: 'jane'},
      {metadata: {}, actor: 'jane'},
    ],
    [
      'an earlier time',
      {'actedAt|lt': '2026-01-01'},
      {actedAt: '2025-12-31T23:59:59.999Z'},
      {actedAt: '2026-01-01T00:00:00Z'},
    ],
  ];
  for (const [what, selection, first, second] of cases) {
    test(what, async () => {
      const tenantId = await stored([first, second]);
      assert.deepEqual(await under(tenantId, {selection, condition: 'selection'}), [0]);
      assert.deepEqual(await under(tenantId, {selection, condition: 'not selection'}), [1]);
    });
  }

  test('the same to PostgreSQL as to the plainest reading', async () => {
    const text = fc.constantFrom('ab', 'AB', 'abc', 'b', 'a*', 'a_');
    const entry = fc.record(
      {
        action: text,
        reason: text,
        metadata: fc.record({n: fc.oneof(fc.integer({min: 0, max: 3}), text)}, {requiredKeys: []}),
      },
      {requiredKeys: ['action']},
    );
    const key = fc.constantFrom(
      'action',
      'reason',
      'metadata.n',
      'action|contains',
      'reason|startswith',
      'metadata.n|endswith',
      'action|cased',
    );
    const value = fc.oneof(
      text,
      fc.constantFrom('a*', '*b', '?b', 'a\\*', '*'),
      fc.integer({min: 0, max: 3}),
    );
    const selection = fc.dictionary(key, fc.oneof(value, fc.array(value, {minLength: 1, maxLength: 3})), {
      minKeys: 1,
      maxKeys: 2,
    });
    const condition = fc.constantFrom(
      'a and b',
      'a or b',
      'not a',
      'a and not b',
      'not (a or b)',
      '1 of them',
      'not all of them',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, {minLength: 1, maxLength: 12}),
        selection,
        selection,
        condition,
        async (entries, a, b, words) => {
          const tenantId = await stored(entries);
          const expected = entries.flatMap((each, i) =>
            decide(words, holds(a, each), holds(b, each)) ? [i] : [],
          );
          assert.deepEqual(await under(tenantId, {a, b, condition: words}), expected);
        },
      ),
      {numRuns: Number(process.env.FC_RUNS ?? 60)},
    );
  });
});

function decide(words: string, a: boolean, b: boolean): boolean {
  const meanings: Record<string, boolean> = {
    'a and b': a && b,
    'a or b': a || b,
    'not a': !a,
    'a and not b': a && !b,
    'not (a or b)': !(a || b),
    '1 of them': a || b,
    'not all of them': !(a && b),
  };
  return meanings[words] ?? false;
}

/** Whether an entry is under a selection, character by character. */
const holds = (selection: Selection, entry: Entry): boolean =>
  Object.entries(selection).every(([key, value]) => {
    const [name = '', modifier = ''] = key.split('|');
    const actual = name.startsWith('metadata.')
      ? (entry.metadata as JsonObject | undefined)?.[name.slice(9)]
      : entry[name];
    if (actual === undefined || actual === null) return false;
    return [value].flat().some(one => {
      const around = {contains: ['*', '*'], startswith: ['', '*'], endswith: ['*', '']}[modifier] ?? ['', ''];
      const pattern = `${around[0]}${String(one)}${around[1]}`;
      const [left, right] =
        modifier === 'cased'
          ? [String(actual), pattern]
          : [String(actual).toLowerCase(), pattern.toLowerCase()];
      return isLike(left, right);
    });
  });

function isLike(text: string, pattern: string): boolean {
  const [first, second] = pattern;
  if (first === undefined) return text === '';
  if (first === '*') return isLike(text, pattern.slice(1)) || (text !== '' && isLike(text.slice(1), pattern));
  if (first === '?') return text !== '' && isLike(text.slice(1), pattern.slice(1));
  const isEscaped = first === '\\' && second !== undefined && '*?\\'.includes(second);
  const [literal, length] = isEscaped ? [second, 2] : [first, 1];
  return text[0] === literal && isLike(text.slice(1), pattern.slice(length));
}
