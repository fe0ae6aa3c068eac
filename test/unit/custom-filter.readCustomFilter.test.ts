import assert from 'node:assert/strict';
import {test} from 'node:test';
import {timeRangeOf} from '../../dist/models/condition';
import {readCustomFilter} from '../../dist/query/custom-filter';

test('both ends of a date range are included, to the microsecond', () => {
  const {condition} = readCustomFilter({
    date: {fromDate: '2026-01-01', toDate: '2026-01-01T23:59:59.999999Z'},
  });
  assert.deepEqual(timeRangeOf(condition), {
    from: '2026-01-01T00:00:00.000000Z',
    to: '2026-01-01T23:59:59.999999Z',
  });
});

test('every part of a filter holds at once', () => {
  const {condition, filter} = readCustomFilter({
    entityId: '1',
    actedOnList: ['a', 'b'],
    actionGroupList: ['g'],
    deleted: false,
  });
  assert.equal(condition.kind === 'and' && condition.of.length, 4);
  assert.deepEqual(filter, {entityId: '1', actedOnList: ['a', 'b'], actionGroupList: ['g'], deleted: false});
});

test('deleted: true reaches beyond the other parts, to every entry of the entities that they find', () => {
  const {condition} = readCustomFilter({deleted: true, actedOn: 'order'});
  assert.equal(condition.kind, 'entitiesOf');
});

test('a filter that names nothing selects nothing: it is refused', () => {
  for (const filter of [{}, {deleted: undefined}, {entityId: undefined}]) {
    assert.throws(() => readCustomFilter(filter), {code: 'INVALID_FILTER'});
  }
});
