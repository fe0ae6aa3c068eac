import assert from 'node:assert/strict';
import {test} from 'node:test';
import {timeRangeOf} from '../../dist/models/condition';
import {readPageQuery, readQuery} from '../../dist/query/parameters';

const conditionOf = (query: Record<string, unknown>) => {
  const {condition} = readQuery('acme', query).selection;
  assert.equal(condition.kind, 'and');
  return condition.kind === 'and' ? condition.of.slice(1) : [];
};

test('a parameter with commas is any of its values, and a trailing * any ending', () => {
  const [condition] = conditionOf({action: 'user.*,order_100%*,login'});
  assert.equal(condition?.kind, 'or');
  const comparisons = condition?.kind === 'or' ? condition.of : [];
  assert.deepEqual(
    comparisons.map(part => (part.kind === 'compare' ? part.comparison : part)),
    [
      {operator: 'like', value: 'user.%'},
      {operator: 'like', value: 'order\\_100\\%%'},
      {operator: 'eq', value: 'login'},
    ],
  );
});

test('a comma in a parameter that takes one value is part of the value', () => {
  const [condition] = conditionOf({actor: 'Doe, Jane'});
  assert.deepEqual(condition?.kind === 'compare' && condition.comparison, {
    operator: 'eq',
    value: 'Doe, Jane',
  });
});

test('filter, where and parameters all hold', () => {
  const {selection} = readQuery('acme', {
    filter: '{"where":{"actor":"a"},"limit":5}',
    where: '{"ip":"::1"}',
    outcome: 'failure',
    limit: '7',
  });
  assert.equal(selection.condition.kind === 'and' && selection.condition.of.length, 3);
  assert.equal(selection.limit, 7);
});

test('from and to bound the time that archives are looked through for', () => {
  const {selection} = readQuery('acme', {
    from: '2026-01-01',
    to: '2026-02-01',
    filter: '{"where":{"actedAt":{"gt":"2026-01-15"}}}',
  });
  assert.deepEqual(timeRangeOf(selection.condition), {
    from: '2026-01-15T00:00:00.000000Z',
    to: '2026-02-01T00:00:00.000000Z',
  });
});

test('a page has a limit, of 50 where none is asked for', () => {
  assert.equal(readPageQuery('acme', {}).limit, 50);
  assert.equal(readPageQuery('acme', {limit: '1000'}).limit, 1_000);
  assert.equal(readPageQuery('acme', {filter: {limit: '3'}}).limit, 3);
});

test("a condition may name the caller's tenant and no other, however deep", () => {
  const asking = (where: object) => () => readQuery('acme', {where: JSON.stringify(where)});
  for (const where of [
    {tenantId: 'acme'},
    {tenantId: null},
    {tenantId: {neq: 'rival'}},
    {tenantId: {inq: ['acme']}},
  ]) {
    assert.doesNotThrow(asking(where));
  }
  for (const where of [
    {tenantId: 'rival'},
    {or: [{and: [{tenantId: {inq: ['rival']}}]}]},
    {tenantId: 'Acme'},
  ]) {
    assert.throws(asking(where), {code: 'TENANT_MISMATCH'});
  }
});
