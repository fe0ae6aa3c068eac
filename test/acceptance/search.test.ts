import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;

const ENTRIES = {
  login: {
    action: 'user.login',
    actor: 'u-1',
    actorName: 'Jane Doe',
    actorEmail: 'jane@example.com',
    actedOn: 'Session',
    entityId: 's/1',
    outcome: 'failure',
    reason: 'wrong password',
    severity: 'medium',
    category: 'auth',
    ip: '10.1.2.3',
    serviceName: 'portal',
    requestId: 'r-1',
    tags: ['web', 'night'],
    actedAt: '2026-01-01T00:00:00Z',
    metadata: {attempt: 3, browser: 'Firefox'},
  },
  promotion: {
    action: 'role.update',
    actor: 'u-2',
    actorName: 'Jürgen Groß',
    onBehalfOf: 'u-1',
    actedOn: 'Role',
    entityId: '42',
    entityName: 'Editors of the paper',
    severity: 'critical',
    category: 'access',
    ip: '2001:db8::7',
    before: {role: 'editor', level: 1},
    after: {role: 'admin', level: 2},
    changedFields: ['role', 'level'],
    description: 'Promoted after the review of April',
    actedAt: '2026-02-01T00:00:00Z',
  },
  export: {
    action: 'report.export',
    actor: 'system',
    outcome: 'success',
    severity: 'high',
    actedAt: '2026-03-01T00:00:00Z',
    metadata: {rows: 5000},
  },
} as const;

type Name = keyof typeof ENTRIES;

before(async () => {
  service = await startTestService();
  for (const entry of Object.values(ENTRIES)) {
    const {status, text} = await service.send('/audit-logs', {method: 'POST', body: entry});
    assert.equal(status, 200, text);
  }
});
after(() => service.stop());

const QUESTIONS: [query: string, ...found: Name[]][] = [
  ['action=user.*', 'login'],
  ['actions=user.login,report.export', 'export', 'login'],
  ['resource=Session&resource_id=s/1', 'login'],
  ['actedOn=Role&entityId=42', 'promotion'],
  ['user_id=u-2', 'promotion'],
  ['on_behalf_of=u-1', 'promotion'],
  ['status=FAILURE', 'login'],
  ['severity=>=high', 'export', 'promotion'],
  ['severities=SEVERITY_CRITICAL,HIGH', 'export', 'promotion'],
  ['categories=CATEGORY_AUTH', 'login'],
  ['ip_address=10.0.0.0/8', 'login'],
  ['ip=2001:db8::/32', 'promotion'],
  ['service_name=portal', 'login'],
  ['request_id=r-1', 'login'],
  ['tag=night', 'login'],
  ['tags=web,none', 'login'],
  ['from_date=2026-01-15&to_date=2026-02-15', 'promotion'],
  ['tenant_id=acme&actor=system', 'export'],
  ['search=password', 'login'],
  ['search=review april', 'promotion'],
  ['search="after the review"', 'promotion'],
  ['search="review the after"'],
  ['search=firefox or 5000', 'export', 'login'],
  ['search=paper -review'],
  ['search=Pass*', 'login'],
  ['search=jürgen', 'promotion'],
  ['search=JÜRGEN', 'promotion'],
  ['q=action:user.* actor:"Jane Doe" -outcome:success ip:10.0.0.0/8 wrong', 'login'],
  ['q=actor:jane@example.com', 'login'],
  ['q=changed:role before.role:editor created:>=2026-01-01', 'promotion'],
  ['q=after.level:>=2', 'promotion'],
  ['q=metadata.attempt:3', 'login'],
  ['q=resource:Role/42', 'promotion'],
  ['q=(action:user.* OR action:report.*) -actor:system', 'login'],
  ['q=-(outcome:failure OR severity:critical)', 'export'],
  ['q=has:before', 'promotion'],
  ['q=severity:>=high -has:before', 'export'],
  ['q=created:2026-03-01', 'export'],
  ['q=tag:web,none actor:u-*', 'login'],
  ['where={"after.role":"admin"}', 'promotion'],
  ['where={"changedFields":"level"}', 'promotion'],
  ['where={"entityName":"Editors of the paper"}', 'promotion'],
  ['where[metadata.attempt]=3', 'login'],
  ['filter[where][metadata.attempt][gt]=2', 'login'],
  ['filter[where][after.level][neq]=2&filter[where][before][exists]=true'],
  ['filter[where][before][exists]=false&filter[where][leafIndex][lt]=1000000', 'export', 'login'],
  ['sort_by=timestamp&sort_order=asc', 'login', 'promotion', 'export'],
  ['sort_order=desc&offset=1&page_size=1', 'promotion'],
];

for (const [query, ...names] of QUESTIONS) {
  test(`finds ${names.join(', ') || 'nothing'} by ${query}`, async () => {
    const url = query
      .split('&')
      .map(pair => pair.split(/=(.*)/s).slice(0, 2).map(encodeURIComponent).join('='))
      .join('&');
    const {status, json, text} = await service.send(`/audit-logs?${url}`);
    assert.equal(status, 200, text);
    assert.deepEqual(
      (json as AuditEntry[]).map(({action}) => action),
      names.map(name => ENTRIES[name].action),
    );
    const count = await service.send(
      `/audit-logs/count?${url.replace(/(?:^|&)(?:sort_\w+|offset|page_size)=[^&]*/g, '')}`,
    );
    assert.equal(count.status, 200, count.text);
  });
}

test('answers the best match first where it is asked for relevance', async () => {
  const relevant = [
    {action: 'rank.metadata', metadata: {note: 'zebra'}, actedAt: '2026-04-03T00:00:00Z'},
    {action: 'rank.name', entityName: 'Zebra', actedAt: '2026-04-01T00:00:00Z'},
    {action: 'rank.description', description: 'a zebra among horses', actedAt: '2026-04-02T00:00:00Z'},
  ];
  await service.send('/audit-logs/batch', {method: 'POST', body: relevant});
  const actions = async (query: string) => {
    const {status, json, text, headers} = await service.send(`/audit-logs?search=zebra&${query}`);
    assert.equal(status, 200, text);
    assert.equal(headers.get('link'), null);
    return (json as AuditEntry[]).map(({action}) => action);
  };
  const best = ['rank.name', 'rank.description', 'rank.metadata'];
  assert.deepEqual(await actions('order=relevance'), best);
  assert.deepEqual(await actions('sort_by=relevance&limit=1'), best.slice(0, 1));
  assert.deepEqual(await actions('sort_by=relevance&limit=1&skip=1'), best.slice(1, 2));
  assert.deepEqual(await actions('limit=5'), ['rank.metadata', 'rank.description', 'rank.name']);
  await service.send('/audit-logs?actor=x&order=relevance').then(({status}) => assert.equal(status, 400));
});

test('answers without changes where they are not wanted', async () => {
  const {json} = await service.send('/audit-logs?q=has:before&include_changes=false');
  const [entry] = json as AuditEntry[];
  assert.equal(entry?.action, 'role.update');
  assert.deepEqual([entry?.before, entry?.after, entry?.changedFields], [undefined, undefined, undefined]);
});

const REFUSED: [query: string, field: string][] = [
  ['q=a)', 'q'],
  ['q=nosuch:1', 'q at character 1'],
  ['search=!!!', 'search'],
  ['user_id=a&actor=b', 'actor'],
  ['order=actor&sort_by=actor', 'sort_by'],
  ['sort_order=up', 'sort_order'],
  ['sort_by=nothing', 'sort_by'],
  ['from=yesterday', 'from'],
  ['from=1h&to=2h', 'to'],
  ['severity=>=bad', 'severity'],
  ['include_changes=maybe', 'include_changes'],
  ['offset=10001', 'offset'],
];

for (const [query, field] of REFUSED) {
  test(`refuses ${query}`, async () => {
    const url = query
      .split('&')
      .map(pair => pair.split(/=(.*)/s).slice(0, 2).map(encodeURIComponent).join('='))
      .join('&');
    const {status, json, text} = await service.send(`/audit-logs?${url}`);
    assert.equal(status, 400, text);
    assert.equal((json as {error: {details: {field: string}[]}}).error.details[0]?.field, field, text);
  });
}

test("refuses another tenant's name", async () => {
  const {status} = await service.send('/audit-logs?tenant_id=rival');
  assert.equal(status, 403);
});
