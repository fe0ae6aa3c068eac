import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
const ids: string[] = [];

const day = (n: number) => `2026-01-0${n}T00:00:00Z`;
const role = {actedOn: 'Role', entityId: 'a/b c?42'};
const CHANGES = [
  {
    action: 'INSERT_ONE',
    actor: 'ann',
    ...role,
    after: {id: 42, role: 'reader', tags: ['x']},
    actedAt: day(1),
  },
  {
    ...{
      action: 'UPDATE_ONE',
      actor: 'bob',
      onBehalfOf: 'ann',
      ...role,
      actedAt: day(3),
      requestId: 'r-1',
      ip: '10.0.0.1',
    },
    before: {id: 42, role: 'reader', tags: ['x']},
    after: {id: 42, role: 'editor', tags: ['x', 'y']},
    changedFields: ['role', 'tags'],
  },
  {
    ...{action: 'UPDATE_ONE', actor: 'bob', ...role, actedAt: day(5), requestId: 'r-1', ip: '10.0.0.2'},
    before: {id: 42, role: 'owner', tags: ['x', 'y']},
    after: {id: 42, role: 'admin', tags: ['x', 'y']},
    changedFields: ['role'],
  },
  {
    action: 'DELETE_ONE',
    actor: 'cyd',
    ...role,
    before: {id: 42, role: 'admin', tags: ['x', 'y']},
    actedAt: day(7),
  },
  {
    action: 'user.login',
    actor: 'bob',
    outcome: 'failure',
    category: 'auth',
    severity: 'critical',
    ip: '10.0.0.1',
    actedAt: day(8),
  },
  {action: 'LOGIN_FAILED', actor: 'eve', actedAt: day(9)},
];

before(async () => {
  service = await startTestService();
  for (const body of CHANGES) {
    const {status, json, text} = await service.send('/audit-logs', {method: 'POST', body});
    assert.equal(status, 200, text);
    ids.push((json as AuditEntry).id);
  }
});
after(() => service.stop());

const ask = async (path: string) => {
  const {status, json, text} = await service.send(path);
  assert.equal(status, 200, text);
  return json;
};
const daysOf = (entries: unknown) =>
  (entries as AuditEntry[]).map(({actedAt}) => Number(actedAt.slice(8, 10)));
const RESOURCE = `/audit-logs/resource/Role/${encodeURIComponent(role.entityId)}`;

test('the history of an entity is its chain of changes, page by page, narrowed by any parameter', async () => {
  assert.deepEqual(daysOf(await ask(RESOURCE)), [7, 5, 3, 1]);
  assert.deepEqual(daysOf(await ask(`${RESOURCE}?actor=bob&sort_order=asc`)), [3, 5]);
  const first = await service.send(`${RESOURCE}?limit=3`);
  const [, next = ''] = /<([^>]*)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? [];
  assert.deepEqual(daysOf(await ask(next)), [1]);
});

test('an entity is rebuilt as it was at a moment, and what no entry tells of is a gap', async () => {
  const at = (moment: string) => ask(`${RESOURCE}?at=${moment}`) as Promise<Record<string, unknown>>;
  const before = await at('2025-12-31');
  assert.deepEqual([before.exists, before.state, before.complete], [false, null, true]);
  const created = await at('2026-01-02');
  assert.deepEqual(created.state, {id: 42, role: 'reader', tags: ['x']});
  assert.deepEqual(
    [created.exists, created.complete, created.lastEntry, created.gaps],
    [true, true, ids[0], []],
  );
  const later = await at('2026-01-06');
  assert.deepEqual(later.state, {id: 42, role: 'admin', tags: ['x', 'y']});
  assert.deepEqual(later.gaps, [{after: ids[1], before: ids[2], field: 'role', reason: 'changed'}]);
  const gone = await at('1s');
  assert.deepEqual([gone.exists, gone.state], [false, null]);
});

test('what an entry says has changed is a patch and its inverse', async () => {
  assert.deepEqual(await ask(`/audit-logs/${ids[1]}/diff`), {
    forward: [
      {op: 'replace', path: '/role', value: 'editor'},
      {op: 'add', path: '/tags/-', value: 'y'},
    ],
    inverse: [
      {op: 'replace', path: '/role', value: 'reader'},
      {op: 'remove', path: '/tags/1'},
    ],
  });
});

test('what a user did, for whom, and from where', async () => {
  assert.deepEqual(daysOf(await ask('/audit-logs/user/bob')), [8, 5, 3]);
  assert.deepEqual(daysOf(await ask('/audit-logs/user/bob?onBehalf=others')), [3]);
  assert.deepEqual(daysOf(await ask('/audit-logs/user/ann?onBehalf=user')), [3]);
  assert.deepEqual(await ask('/audit-logs/user/bob/ip-history'), {
    addresses: [
      {
        ip: '10.0.0.1',
        firstSeen: '2026-01-03T00:00:00.000Z',
        lastSeen: '2026-01-08T00:00:00.000Z',
        entries: 2,
      },
      {
        ip: '10.0.0.2',
        firstSeen: '2026-01-05T00:00:00.000Z',
        lastSeen: '2026-01-05T00:00:00.000Z',
        entries: 1,
      },
    ],
    complete: true,
  });
  assert.deepEqual(await ask('/audit-logs/user/bob/ip-history?to=2026-01-04&limit=1'), {
    addresses: [
      {
        ip: '10.0.0.1',
        firstSeen: '2026-01-03T00:00:00.000Z',
        lastSeen: '2026-01-03T00:00:00.000Z',
        entries: 1,
      },
    ],
    complete: true,
  });
});

test('everything about a request comes in the order in which it happened', async () => {
  assert.deepEqual(daysOf(await ask('/audit-logs/request/r-1')), [3, 5]);
  assert.deepEqual(daysOf(await ask('/audit-logs/request/r-1?sort_order=desc')), [5, 3]);
});

test('what is recent, what is critical, and which logins failed', async () => {
  assert.deepEqual(daysOf(await ask('/audit-logs/recent?limit=2')), [9, 8]);
  assert.deepEqual(daysOf(await ask('/audit-logs/critical')), [8]);
  assert.deepEqual(daysOf(await ask('/audit-logs/failed-auth')), [9, 8]);
  assert.deepEqual(daysOf(await ask('/audit-logs/failed-auth?actor=bob')), [8]);
});

test("another tenant's history is empty", async () => {
  const token = await service.token({tenantId: 'rival'});
  const {json} = await service.send(RESOURCE, {token});
  assert.deepEqual(json, []);
  const {json: state} = await service.send(`${RESOURCE}?at=2026-01-02`, {token});
  assert.deepEqual([(state as {exists: unknown}).exists, (state as {entries: unknown}).entries], [false, 0]);
  assert.equal((await service.send(`/audit-logs/${ids[1]}/diff`, {token})).status, 404);
});

const REFUSED: [path: string, status: number, field: string][] = [
  ['/audit-logs/resource/%00/1', 400, 'type'],
  ['/audit-logs/resource/x/%00?at=1s', 400, 'id'],
  ['/audit-logs/user/%00', 400, 'userId'],
  ['/audit-logs/user/%00/ip-history', 400, 'userId'],
  ['/audit-logs/request/%00', 400, 'requestId'],
  [`/audit-logs/user/${'x'.repeat(5_000)}`, 400, 'userId'],
  [`${RESOURCE}?at=yesterday`, 400, 'at'],
  [`${RESOURCE}?at=2026-01-01&actor=x`, 400, 'actor'],
  [`${RESOURCE}?nosuch=1`, 400, 'nosuch'],
  ['/audit-logs/user/bob?onBehalf=nobody', 400, 'onBehalf'],
  ['/audit-logs/user/bob/ip-history?limit=0', 400, 'limit'],
  ['/audit-logs/user/bob/ip-history?cursor=x', 400, 'cursor'],
  ['/audit-logs/not-an-id/diff', 400, 'id'],
  ['/audit-logs/019aa8f5-3c1e-7a52-9d0b-6f2f4f1c7e11/diff', 404, 'id'],
  ['/audit-logs/critical?severity=bad', 400, 'severity'],
];
for (const [path, status, field] of REFUSED) {
  test(`refuses ${path}`, async () => {
    const answer = await service.send(path);
    assert.equal(answer.status, status, answer.text);
    assert.equal(
      (answer.json as {error: {details: {field: string}[]}}).error.details[0]?.field,
      field,
      answer.text,
    );
  });
}

test('refuses the difference of an entry that has no states', async () => {
  const {status, json} = await service.send(`/audit-logs/${ids[5]}/diff`);
  assert.equal(status, 409);
  assert.equal((json as {error: {code: string}}).error.code, 'NO_STATES');
});
