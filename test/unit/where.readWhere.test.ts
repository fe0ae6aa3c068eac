import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EVERYTHING} from '../../dist/models/condition';
import {readWhere} from '../../dist/query/where';
import {told} from '../support/told-condition';

const READINGS: [where: object, condition: string][] = [
  [{}, 'and()'],
  [{actor: 'jane'}, 'actor eq "jane"'],
  [{actor: null}, 'actor eq null'],
  [{actor: 'jane', outcome: {neq: 'success'}}, 'and(actor eq "jane", outcome neq "success")'],
  [{leafIndex: {gt: 1, lte: 5}}, 'and(leafIndex gt 1, leafIndex lte 5)'],
  [
    {or: [{actor: 'a'}, {and: [{actor: 'b'}, {ip: '::1'}]}]},
    'or(actor eq "a", and(actor eq "b", ip eq "::1"))',
  ],
  [{or: []}, 'or()'],
  [
    {actedAt: {between: ['2026-01-01', '2026-02-01T00:00:00+01:00']}},
    'actedAt between ["2026-01-01T00:00:00.000000Z","2026-01-31T23:00:00.000000Z"]',
  ],
  [{id: '01890A5D-AC96-774B-BCCE-B302099A8057'}, 'id eq "01890a5d-ac96-774b-bcce-b302099a8057"'],
  [{ip: '2001:0DB8:0:0::1'}, 'ip eq "2001:db8::1"'],
  [{ip: {inq: ['10.0.0.0/8', null]}}, 'ip inq ["10.0.0.0/8",null]'],
  [{ip: '::FFFF:10.0.0.1'}, 'ip eq "10.0.0.1"'],
  [{ip: {inq: ['::ffff:a00:0/104', '::ffff:0:0/96']}}, 'ip inq ["10.0.0.0/8","0.0.0.0/0"]'],
  [{'after.role.name': 'admin'}, 'after.role.name eq "admin"'],
  [{'metadata.n': {gt: 5}}, 'metadata.n gt 5'],
  [{tags: 'vip'}, 'tags eq "vip"'],
  [{actor: {like: 'a%', options: 'i'}}, 'actor ilike "a%"'],
  [{actor: {nlike: 'a%', options: 'i'}}, 'actor nilike "a%"'],
  [{actor: {like: 'a\\\\'}}, 'actor like "a\\\\\\\\"'],
  [{actor: {regexp: '/^a/i'}}, 'actor regexp "^a"'],
  [{actor: {exists: false}}, 'actor exists false'],
];

for (const [where, condition] of READINGS) {
  test(`${JSON.stringify(where)} is read as ${condition}`, () => {
    assert.equal(told(readWhere(where)), condition);
  });
}

test('a network that is more than the IPv4 addresses it is written with is refused', () => {
  for (const ip of ['::ffff:10.0.0.0/8', '::ffff:10.0.0.0/95', '::ffff:10.0.0.0/129', '10.0.0.0/33']) {
    assert.throws(() => readWhere({ip}), {code: 'INVALID_FILTER'}, ip);
  }
});

const TEXTS: [where: object, condition: string][] = [
  [{actor: {exists: 'false'}, ip: {exists: 'true'}}, 'and(actor exists false, ip exists true)'],
  [{leafIndex: {gt: '5'}}, 'leafIndex gt 5'],
  [{leafIndex: {inq: ['5', '6']}}, 'leafIndex inq [5,6]'],
  [{leafIndex: '5'}, 'leafIndex eq 5'],
  [{entityId: '42'}, 'entityId eq "42"'],
  [{'metadata.n': '5'}, 'metadata.n inq ["5",5]'],
  [{'metadata.n': {neq: '1.50'}}, 'metadata.n nin ["1.50",1.5]'],
  [{'metadata.n': {inq: ['5', 'x', 'true']}}, 'metadata.n inq ["5",5,"x","true",true]'],
  [{'metadata.n': {between: ['5', '7']}}, 'metadata.n between [5,7]'],
  [{'metadata.n': {gte: 'x'}}, 'metadata.n gte "x"'],
  [{'metadata.n': {like: '5'}}, 'metadata.n like "5"'],
  [{'after.role': 'admin'}, 'after.role eq "admin"'],
];

for (const [where, condition] of TEXTS) {
  test(`${JSON.stringify(where)}, all of it text, is read as ${condition}`, () => {
    assert.equal(told(readWhere(where, 'where', 'text')), condition);
  });
}

test('what is text in JSON is text', () => {
  assert.equal(told(readWhere({'metadata.n': '5'})), 'metadata.n eq "5"');
  for (const where of [{actor: {exists: 'true'}}, {leafIndex: {gt: '5'}}]) {
    assert.throws(() => readWhere(where), {code: 'INVALID_FILTER'});
  }
});

test('text that is not what a property must be is refused', () => {
  for (const where of [
    {actor: {exists: 'yes'}},
    {leafIndex: '5x'},
    {leafIndex: {gt: ''}},
    {leafIndex: '9'.repeat(16)},
  ]) {
    assert.throws(() => readWhere(where, 'where', 'text'), {code: 'INVALID_FILTER'});
  }
});

test('an empty where is everything', () => assert.deepEqual(readWhere({}), EVERYTHING));

test('a path with dots, and a property that every object has, are not mistaken for properties of an entry', () => {
  for (const name of ['toString', 'hasOwnProperty', '__proto__', 'constructor.name', '', '.', 'actor.']) {
    const where = JSON.parse(`{${JSON.stringify(name)}: "x"}`);
    assert.throws(() => readWhere(where), {code: 'INVALID_FILTER'}, name);
  }
});
