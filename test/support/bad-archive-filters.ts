import type {BadRequest} from './bad-request';

const range = (fromDate: unknown, toDate: unknown) => ({date: {fromDate, toDate}});

const BODIES: [what: string, body: unknown, field: string, code?: string, status?: number][] = [
  ['a filter that names nothing', {}, 'body'],
  ['a list', [], 'body'],
  ['null', 'null', 'body'],
  ['text', '"everything"', 'body'],
  ['a body that is not JSON', '{"date":', 'body', 'INVALID_JSON'],
  ['a body that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'body', 'INVALID_BODY'],
  ['an empty range', {date: {}}, 'date.fromDate'],
  ['a range of null', {date: null}, 'date'],
  ['a date in place of a range', {date: '2026-11-22'}, 'date'],
  ['a range without its end', {date: {fromDate: '2000-01-01'}}, 'date.toDate'],
  ['a range without its beginning', {date: {toDate: '2100-01-01'}}, 'date.fromDate'],
  ['a range that ends in null', range('2000-01-01', null), 'date.toDate'],
  ['a range that is inverted', range('2026-11-22', '2026-11-21'), 'date.toDate'],
  ['a range of no dates', range('first', 'last'), 'date.fromDate'],
  ['a range of numbers', range(0, 4_000_000_000), 'date.fromDate'],
  ['a range with a misspelt key', {date: {fromDate: '2000-01-01', toDate: '2100-01-01', to: 'x'}}, 'date.to'],
  ['an empty entity id', {entityId: ''}, 'entityId'],
  ['a blank entity id', {entityId: ' \t'}, 'entityId'],
  ['an entity id of null', {entityId: null}, 'entityId'],
  ['an entity id that is a number', {entityId: 5}, 'entityId'],
  ['an entity id that is an operator', {entityId: {neq: 'x'}}, 'entityId'],
  ['an empty type', {actedOn: ''}, 'actedOn'],
  ['an empty list of types', {actedOnList: []}, 'actedOnList'],
  ['a list of an empty type', {actedOnList: ['a', '']}, 'actedOnList[1]'],
  ['a list of null', {actedOnList: [null]}, 'actedOnList[0]'],
  ['text as a list', {actedOnList: 'order'}, 'actedOnList'],
  ['an empty list of groups', {actionGroupList: []}, 'actionGroupList'],
  ['a list of numbers', {actionGroupList: [1]}, 'actionGroupList[0]'],
  ['a type and a list of types', {actedOn: 'a', actedOnList: ['b']}, 'actedOnList'],
  ['deleted as text', {deleted: 'true'}, 'deleted'],
  ['deleted as null', {deleted: null}, 'deleted'],
  ['a misspelt key', {entityID: 'x'}, 'entityID'],
  ['a misspelt key beside a good one', {entityId: 'x', actedon: 'y'}, 'actedon'],
  ['the key __proto__', '{"entityId":"x","__proto__":{"deleted":true}}', '__proto__'],
  ['a NUL', {entityId: 'a\0'}, 'entityId'],
  ['a lone surrogate', {entityId: '\ud800'}, 'entityId'],
  ['a filter that selects nothing', {actedOn: 'no-such-type'}, 'body', 'NOTHING_SELECTED', 404],
  ['SQL that selects nothing', {entityId: "' OR true; --"}, 'body', 'NOTHING_SELECTED', 404],
  ['a filter of 10 MB', {entityId: 'x'.repeat(10 << 20)}, 'body', 'BODY_TOO_LARGE', 413],
];

/** Archive filters by which nothing must be archived. */
export const BAD_ARCHIVE_FILTERS: readonly BadRequest[] = BODIES.map(
  ([what, body, field, code = 'INVALID_FILTER', status = 400]) => ({
    ...{what: `to archive by ${what}`, path: '/audit-logs/archive', options: {method: 'POST', body}},
    ...{status, code, field},
  }),
);
