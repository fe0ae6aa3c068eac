import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {parseTime} from '../../dist/models/time';
import {startTestService, type TestService} from '../support/test-service';

const ENTRIES = 300;
const MONTH = Date.UTC(2026, 4, 1);
/** Values of which some entries have none. */
const ADDRESSES = ['10.0.0.9', '10.0.0.10', '2001:db8::1', undefined];
const NAMES = ['b', 'a', 'B', undefined, 'é', undefined];

let service: TestService;
const entries = Array.from({length: ENTRIES}, (_, i) => ({
  ...{id: randomUUID(), action: 'page.test', actor: `user-${i % 7}`},
  // Many entries share a moment, and some differ by a microsecond.
  actedAt: new Date(MONTH + (i % 40) * 1_000).toISOString().replace('Z', `00${i % 3}Z`),
  ip: ADDRESSES[i % ADDRESSES.length],
  entityName: NAMES[i % NAMES.length],
}));

before(async () => {
  service = await startTestService();
  const answer = await service.send('/audit-logs/batch', {body: entries});
  assert.equal(answer.status, 200, answer.text);
});
after(() => service.stop());

/** Follows the links from the first page to the last. */
async function follow(
  path: string,
  between: () => Promise<unknown> = async () => {},
): Promise<AuditEntry[][]> {
  const pages: AuditEntry[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = await service.send(next);
    assert.equal(page.status, 200, page.text);
    pages.push(page.json as AuditEntry[]);
    next = linkOf(page.headers, 'next');
    assert.equal(next === undefined, page.headers.get('x-next-cursor') === null);
    await between();
  }
  return pages;
}

const linkOf = (headers: Headers, relation: string): string | undefined =>
  new RegExp(`<([^>]*)>; rel="${relation}"`).exec(headers.get('link') ?? '')?.[1];

const idsOf = (pages: AuditEntry[][]) => pages.flat().map(({id}) => id);

test('pages are the same from the last to the first as from the first to the last', async () => {
  for (const order of ['actedAt DESC', 'entityName,ip DESC', 'reason DESC,actor']) {
    const path = `/audit-logs?action=page.test&limit=100&order=${encodeURIComponent(order)}`;
    const forward = await follow(path);
    let last = await service.send(path);
    for (let next = linkOf(last.headers, 'next'); next; next = linkOf(last.headers, 'next'))
      last = await service.send(next);
    const backward = [last.json as AuditEntry[]];
    for (let prev = linkOf(last.headers, 'prev'); prev; ) {
      const page = await service.send(prev);
      assert.equal(page.status, 200, page.text);
      backward.unshift(page.json as AuditEntry[]);
      assert.ok(linkOf(page.headers, 'next'));
      prev = linkOf(page.headers, 'prev');
    }
    assert.deepEqual(idsOf(backward), idsOf(forward));
  }
});

test('an age means the same on every page', async () => {
  const first = await service.send('/audit-logs?action=page.test&from=3650d&limit=1');
  assert.equal(first.status, 200, first.text);
  await new Promise(resolve => setTimeout(resolve, 20));
  const second = await service.send(linkOf(first.headers, 'next') ?? '');
  assert.equal(second.status, 200, second.text);
});

test('a page of another origin may read the headers that lead on', async () => {
  const {headers} = await service.send('/audit-logs?limit=1', {headers: {origin: 'https://app.example.com'}});
  const exposed = headers.get('access-control-expose-headers')?.split(/, */) ?? [];
  assert.deepEqual(exposed, ['Link', 'X-Next-Cursor', 'X-Previous-Cursor', 'X-Request-Id', 'Retry-After']);
  assert.equal(headers.get('access-control-allow-origin'), '*');
});

for (const limit of [1, 7, 100, 150, 299, 300, 301]) {
  test(`pages of ${limit} hold every entry once, and the last one has no next`, async () => {
    const pages = await follow(`/audit-logs?action=page.test&limit=${limit}`);
    assert.equal(pages.length, Math.ceil(ENTRIES / limit));
    const ids = idsOf(pages);
    assert.equal(ids.length, ENTRIES);
    assert.deepEqual(new Set(ids), new Set(entries.map(({id}) => id)));
    const times = pages.flat().map(({actedAt}) => parseTime(actedAt) ?? '');
    assert.deepEqual(times, [...times].sort().reverse());
  });
}

describe('an order by', () => {
  for (const order of [
    ...['actedAt', 'actedAt DESC', 'id', 'recordedAt', 'recordedAt DESC', 'actor', 'actor DESC,actedAt'],
    ...['entityName', 'entityName DESC', 'ip', 'ip DESC', 'entityName,ip DESC,actedAt', 'leafIndex,actedAt'],
    ...['leafHash DESC', 'tenantId', 'reason DESC,actor'],
  ]) {
    test(`${order} is the same in pages as in one, though values are absent or alike`, async () => {
      const path = `/audit-logs?action=page.test&order=${encodeURIComponent(order)}`;
      const whole = (await service.send(`${path}&limit=1000`)).json as AuditEntry[];
      assert.equal(whole.length, ENTRIES);
      assert.deepEqual(
        idsOf(await follow(`${path}&limit=23`)),
        whole.map(({id}) => id),
      );
    });
  }
});

test('a filter with fields, order and skip is followed, though a field of the order is not answered', async () => {
  const filter = {
    where: {action: 'page.test'},
    fields: ['id'],
    order: ['entityName DESC', 'actedAt'],
    limit: 50,
  };
  const path = (skip: number) =>
    `/audit-logs?filter=${encodeURIComponent(JSON.stringify({...filter, skip}))}`;
  const pages = await follow(path(10));
  assert.equal(new Set(idsOf(pages)).size, ENTRIES - 10);
  assert.ok(pages.flat().every(entry => Object.keys(entry).join() === 'id'));
  const bracketed = await follow(
    '/audit-logs?filter[where][action]=page.test&filter[limit]=50&filter[skip]=10&filter[fields][id]=true',
  );
  assert.equal(new Set(idsOf(bracketed)).size, ENTRIES - 10);
});

test('entries that arrive between the pages neither double nor hide those that were there', async () => {
  let added = 0;
  const arrive = async () => {
    const times = [-1, 0, 5, 39, 50].map(second => new Date(MONTH + second * 1_000).toISOString());
    const body = times.map(actedAt => ({action: 'page.test', actor: 'late', actedAt}));
    const answer = await service.send('/audit-logs/batch', {body});
    assert.equal(answer.status, 200, answer.text);
    added += body.length;
  };
  for (const order of ['actedAt DESC', 'actedAt', 'actor,actedAt', 'ip', 'entityName DESC']) {
    const path = `/audit-logs?action=page.test&limit=41&order=${encodeURIComponent(order)}`;
    const ids = idsOf(await follow(path, arrive));
    assert.equal(new Set(ids).size, ids.length, order);
    const seen = new Set(ids);
    assert.deepEqual(
      entries.filter(({id}) => !seen.has(id)),
      [],
      order,
    );
  }
  assert.ok(added > 100);
});

test('entries that are archived between the pages neither double nor hide those that stay', async () => {
  const minutes = Array.from({length: 60}, (_, i) => `2025-11-05T10:${String(i).padStart(2, '0')}:00.000Z`);
  const body = minutes.map(actedAt => ({action: 'page.archived', actedAt}));
  assert.equal((await service.send('/audit-logs/batch', {body})).status, 200);
  const ranges = [
    ['2025-11-05T10:50:00Z', '2025-11-05T10:55:00Z'],
    ['2025-11-05T10:30:00Z', '2025-11-05T10:35:00Z'],
    ['2025-11-05T10:00:00Z', '2025-11-05T10:05:00Z'],
  ];
  const archive = async () => {
    const [fromDate, toDate] = ranges.shift() ?? [];
    if (fromDate === undefined) return;
    const {status, text} = await service.send('/audit-logs/archive', {body: {date: {fromDate, toDate}}});
    assert.equal(status, 200, text);
  };
  const times = (await follow('/audit-logs?action=page.archived&limit=15', archive))
    .flat()
    .map(({actedAt}) => actedAt);
  assert.equal(new Set(times).size, times.length);
  const left = await follow('/audit-logs?action=page.archived&limit=100');
  assert.equal(left.flat().length, 60 - 18);
  for (const {actedAt} of left.flat()) assert.ok(times.includes(actedAt), actedAt);
});
