import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readOrder} from '../../dist/query/order';

const told = (order: unknown) =>
  readOrder(order)
    .map(({column, descending}) => `${column.property}${descending ? ' DESC' : ''}`)
    .join(', ');

for (const [order, terms] of [
  ['actor', 'actor, id'],
  ['actor DESC', 'actor DESC, id DESC'],
  ['actor desc, actedAt asc', 'actor DESC, actedAt, id'],
  [['actor ASC', 'ip DESC'], 'actor, ip DESC, id DESC'],
  ['id', 'id'],
  [['id DESC', 'actor'], 'id DESC, actor'],
  [[], 'actedAt DESC, id DESC'],
] as const) {
  test(`${JSON.stringify(order)} is ${terms}: the id makes every order total`, () => {
    assert.equal(told(order), terms);
  });
}

for (const order of [
  'acter',
  'acted_at',
  'tags',
  'before',
  'after.x',
  'actor UP',
  'actor; DROP',
  '',
  5,
  null,
  [1],
  Array(6).fill('actor'),
]) {
  test(`${JSON.stringify(order)} is refused`, () => {
    assert.throws(() => readOrder(order), {code: 'INVALID_FILTER'});
  });
}
