import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {readRule} from '../../dist/detection/read-rule';
import type {AuditError} from '../../dist/errors';
import type {Condition} from '../../dist/models/condition';

const ID = 'aaaaaaaa-0000-4000-8000-000000000001';

/** A rule with one selection of these lines. */
const rule = (...lines: string[]) =>
  [
    `title: A rule`,
    `id: ${ID}`,
    'detection:',
    '  selection:',
    ...lines.map(line => `    ${line}`),
    '  condition: selection',
  ].join('\n');

const correlation = (...lines: string[]) =>
  [
    ...[`title: A rule`, `id: ${ID}`, 'correlation:', ...lines.map(line => `  ${line}`), '---', 'name: base'],
    ...['detection: {selection: {action: a}, condition: selection}'],
  ].join('\n');

/** A condition as it is read by people. */
function told(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `${condition.kind}(${condition.of.map(told).join(', ')})`;
    case 'not':
      return `not(${told(condition.of)})`;
    case 'same':
      return `${[condition.left, condition.right].map(({column, path}) => [column.property, ...path].join('.')).join(' = ')}`;
    case 'words':
      return `words ${condition.text}`;
    case 'entitiesOf':
      return `entitiesOf(${told(condition.of)})`;
    case 'compare': {
      const {column, path, comparison} = condition;
      return `${[column.property, ...path].join('.')} ${comparison.operator} ${comparison.value}`;
    }
  }
}

const matcher = (text: string): string => told(readRule(text).matchers[0] as Condition);

describe('a selection', () => {
  for (const [line, meaning] of [
    ['action: Login', 'action ilike Login'],
    ['action: a_b%c', 'action ilike a\\_b\\%c'],
    ["action: 'user.*'", 'action ilike user.%'],
    ["action: 'us?r'", 'action ilike us_r'],
    ["action: 'a\\*b'", 'action ilike a*b'],
    ["action: 'a\\\\*b'", 'action ilike a\\\\%b'],
    ["action: 'C:\\dir'", 'action ilike C:\\\\dir'],
    ['action|cased: Login', 'action like Login'],
    ['action: [a, b]', 'or(action ilike a, action ilike b)'],
    ['action|contains: log', 'action ilike %log%'],
    ['action|startswith: log', 'action ilike log%'],
    ['action|endswith: in', 'action ilike %in'],
    ['action|contains|all: [a, b]', 'and(action ilike %a%, action ilike %b%)'],
    ['action|re: ^log.*', 'action regexp ^log.*'],
    ['ip: 10.0.0.1', 'ip eq 10.0.0.1'],
    ["ip: '10.*'", 'ip ilike 10.%'],
    ['ip|cidr: 10.0.0.0/8', 'ip eq 10.0.0.0/8'],
    ['reason|exists: true', 'reason exists true'],
    ['reason: null', 'reason exists false'],
    ['entityId|fieldref: actor', 'entityId = actor'],
    ['metadata.amount|gte: 1000', 'metadata.amount gte 1000'],
    ['metadata.amount: 1000', 'metadata.amount ilike 1000'],
    ['after.deleted: true', 'after.deleted ilike true'],
    ['actedAt|lt: 2026-01-01', 'actedAt lt 2026-01-01T00:00:00.000000Z'],
    ['tags: urgent', 'tags eq urgent'],
    ['id: AAAAAAAA-0000-4000-8000-000000000001', `id eq ${ID}`],
  ] as const) {
    test(`reads ${line}`, () => assert.equal(matcher(rule(line)), meaning));
  }

  test('holds all of its lines, or one of its maps', () => {
    assert.equal(matcher(rule('action: a', 'actor: b')), 'and(action ilike a, actor ilike b)');
    assert.equal(matcher(rule('- action: a', '- actor: b')), 'or(action ilike a, actor ilike b)');
  });

  test('finds the fields of CloudTrail where the import has put them', () => {
    const text = `logsource: {product: aws, service: cloudtrail}\n${rule('eventName: A', 'requestParameters.userName: b')}`;
    assert.equal(
      matcher(text),
      'and(action ilike A, metadata.cloudtrail.requestParameters.userName ilike b)',
    );
  });
});

describe('a condition', () => {
  const selections = ['a', 'b', '_c', 'd_1', 'd_2'].map(
    name => `  ${name}: {action: ${name.replace('_', '')}}`,
  );
  const read = (condition: string) =>
    matcher(
      [`title: A rule`, `id: ${ID}`, 'detection:', ...selections, `  condition: ${condition}`].join('\n'),
    ).replaceAll('action ilike ', '');
  for (const [text, meaning] of [
    ['a and b or not d_1', 'or(and(a, b), not(d1))'],
    ['a and (b or d_1)', 'and(a, or(b, d1))'],
    ['not not a', 'a'],
    ['not (a and b)', 'not(and(a, b))'],
    ['1 of d_*', 'or(d1, d2)'],
    ['all of d_*', 'and(d1, d2)'],
    ['any of *_1', 'd1'],
    ['1 of them', 'or(a, b, d1, d2)'],
    ['all of them and not _c', 'and(and(a, b, d1, d2), not(c))'],
    ['NOT a AND b', 'and(not(a), b)'],
  ] as const) {
    test(`reads ${text}`, () => assert.equal(read(text), meaning));
  }
  for (const text of [
    '',
    'a b',
    'a and',
    '(a',
    'a)',
    'x',
    '2 of them',
    '1 of x*',
    'a | count() > 5',
    'constructor of them',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => read(JSON.stringify(text)), {code: 'INVALID_RULE'}));
  }
});

describe('a correlation', () => {
  test('is read with its counts, times and groups', () => {
    const {watch, groupBy} = readRule(
      correlation(
        'type: value_count',
        'rules: base',
        'group-by: [actor, network(ip)]',
        'timespan: 90s',
        'condition: {field: entityId, gt: 4}',
      ),
    );
    assert.deepEqual(
      groupBy.map(({name}) => name),
      ['actor', 'network(ip)'],
    );
    assert.deepEqual(watch, {
      kind: 'signal',
      signal: {kind: 'valueCount', of: [{kind: 'match', matcher: 0}], value: 0, atLeast: 5, spanMs: 90_000},
    });
  });

  test('may be correlated again', () => {
    const {watch, matchers} = readRule(`
title: Login after failures
id: ${ID}
correlation: {type: temporal_ordered, rules: [many, good], group-by: actor, timespan: 1h}
---
name: many
correlation: {type: event_count, rules: [bad], group-by: ip, timespan: 10m, condition: {gte: 5}}
---
name: bad
detection: {selection: {outcome: failure}, condition: selection}
---
name: good
detection: {selection: {outcome: success}, condition: selection}`);
    assert.equal(matchers.length, 2);
    assert.deepEqual(watch, {
      kind: 'signal',
      signal: {
        kind: 'temporal',
        ordered: true,
        spanMs: 3_600_000,
        of: [
          {kind: 'eventCount', of: [{kind: 'match', matcher: 0}], atLeast: 5, spanMs: 600_000},
          {kind: 'match', matcher: 1},
        ],
      },
    });
  });
});

describe('what is not read is refused with its place', () => {
  const count = ['type: event_count', 'rules: base', 'timespan: 1m'];
  const cases: [string, string, string, string][] = [
    ['no YAML', 'a: [', 'rule', 'INVALID_YAML'],
    ['nothing', '', 'rule', 'REQUIRED'],
    ['a doubled key', rule('action: a', 'action: b'), 'rule', 'INVALID_YAML'],
    ['a tag', rule('action: !!js/function a'), 'rule', 'INVALID_YAML'],
    ['an alias', rule('action: &a b', 'actor: *a'), 'rule', 'UNSUPPORTED'],
    ['a merge key', rule('<<: {action: a}'), 'detection.selection.<<', 'UNKNOWN_PROPERTY'],
    ['deep nesting', `a: ${'['.repeat(30_000)}`, 'rule', 'INVALID_YAML'],
    ['a large text', `a: ${'b'.repeat(70_000)}`, 'rule', 'TOO_LONG'],
    ['an unknown word', `${rule('action: a')}\nseverity: high`, 'severity', 'UNSUPPORTED'],
    ['a taxonomy', `${rule('action: a')}\ntaxonomy: ecs`, 'taxonomy', 'UNSUPPORTED'],
    ['a log source', `${rule('action: a')}\nlogsource: {product: windows}`, 'logsource', 'UNSUPPORTED'],
    ['a level', `${rule('action: a')}\nlevel: worst`, 'level', 'INVALID_VALUE'],
    ['an id', rule('action: a').replace(ID, 'x'), 'id', 'INVALID_ID'],
    ['no id', rule('action: a').replace(/id:.*\n/, ''), 'id', 'REQUIRED'],
    ['an unknown field', rule('colour: red'), 'detection.selection.colour', 'UNKNOWN_PROPERTY'],
    ['the tenant', rule('tenantId: rival'), 'detection.selection.tenantId', 'UNKNOWN_PROPERTY'],
    ['a JSON property as such', rule('metadata: a'), 'detection.selection.metadata', 'UNKNOWN_PROPERTY'],
    [
      'keywords',
      `title: A\nid: ${ID}\ndetection: {words: [a, b], condition: words}`,
      'detection.words[0]',
      'UNSUPPORTED',
    ],
    ['a modifier', rule('action|base64: a'), 'detection.selection.action|base64', 'UNSUPPORTED'],
    ['two modifiers', rule('action|contains|re: a'), 'detection.selection.action|contains|re', 'UNSUPPORTED'],
    ['a number of a text', rule('action|gt: 5'), 'detection.selection.action|gt', 'UNSUPPORTED'],
    ['a regular expression', rule("action|re: '(?=a)'"), 'detection.selection.action|re', 'INVALID_REGEXP'],
    ['a network', rule('ip|cidr: 10.0.0.0/99'), 'detection.selection.ip|cidr', 'INVALID_IP'],
    [
      'a network of a text',
      rule('action|cidr: 10.0.0.0/8'),
      'detection.selection.action|cidr',
      'INVALID_VALUE',
    ],
    ['a map as a value', rule('action: {a: b}'), 'detection.selection.action', 'INVALID_TYPE'],
    ['a value of a list', rule('action: [a, {b: c}]'), 'detection.selection.action[1]', 'INVALID_TYPE'],
    ['a time frame', `${rule('action: a')}\n  timeframe: 5m`, 'detection.timeframe', 'UNSUPPORTED'],
    [
      'a count that can end',
      correlation(...count, 'condition: {lt: 5}'),
      'correlation.condition.lt',
      'UNSUPPORTED',
    ],
    [
      'a range',
      correlation(...count, 'condition: {gte: 5, lte: 9}'),
      'correlation.condition.lte',
      'UNSUPPORTED',
    ],
    ['no count', correlation(...count), 'correlation.condition', 'REQUIRED'],
    [
      'an alias of fields',
      correlation(...count, 'aliases: {a: {base: ip}}', 'condition: {gte: 5}'),
      'correlation.aliases',
      'UNSUPPORTED',
    ],
    [
      'another type',
      correlation('type: value_sum', 'rules: base', 'timespan: 1m'),
      'correlation.type',
      'UNSUPPORTED',
    ],
    [
      'a time',
      correlation('type: event_count', 'rules: base', 'timespan: 1w', 'condition: {gte: 5}'),
      'correlation.timespan',
      'INVALID_VALUE',
    ],
    [
      'an unknown rule',
      correlation('type: event_count', 'rules: [base, other]', 'timespan: 1m', 'condition: {gte: 5}'),
      'correlation.rules[1]',
      'UNKNOWN_RULE',
    ],
    [
      'one rule in time',
      correlation('type: temporal', 'rules: [base]', 'timespan: 1m'),
      'correlation.rules',
      'REQUIRED',
    ],
    [
      'a derivation',
      correlation(...count, 'group-by: [upper(actor)]', 'condition: {gte: 5}'),
      'correlation.group-by[0]',
      'UNSUPPORTED',
    ],
    [
      'a network of an actor',
      correlation(...count, 'group-by: [network(actor)]', 'condition: {gte: 5}'),
      'correlation.group-by[0]',
      'INVALID_VALUE',
    ],
    ['two rules', `${rule('action: a')}\n---\n${rule('action: b')}`, 'rule', 'INVALID_VALUE'],
    [
      'a novelty without habit',
      correlation(
        'type: new_value',
        'rules: base',
        'group-by: actor',
        'field: ip',
        'timespan: 1d',
        'learning: 2d',
      ),
      'correlation.learning',
      'INVALID_VALUE',
    ],
  ];
  for (const [what, text, field, code] of cases) {
    test(what, () => {
      assert.throws(
        () => readRule(text),
        (error: AuditError) => {
          assert.equal(error.code, 'INVALID_RULE', String(error));
          assert.deepEqual(
            error.details.map(each => [each.field, each.code]),
            [[field, code]],
            error.message,
          );
          return true;
        },
      );
    });
  }

  test('and its line, in whichever document it is', () => {
    const text = `${correlation(...count, 'condition: {gte: 5}')}\n`.replace('action: a', 'action|what: a');
    assert.throws(
      () => readRule(text),
      (error: AuditError) => error.details[0]?.line === 10,
    );
  });

  test('many of them quickly, though they are large', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x]\n${'bcdefghij'
      .split('')
      .map((n, i) => `${n}: &${n} [${`*${'abcdefghij'[i]},`.repeat(9)}]`)
      .join('\n')}`;
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 50; i++) assert.throws(() => readRule(bomb), {code: 'INVALID_RULE'});
    assert.ok(process.memoryUsage().heapUsed - before < 200e6);
  });
});
