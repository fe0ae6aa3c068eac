import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {defaultRules} from '../../dist/detection/default-rules';
import type {Alert} from '../../dist/models/alert.model';
import {eventually} from '../support/eventually';
import type {Answer} from '../support/send';
import {startTestService, type TestService} from '../support/test-service';

interface Failure {
  error: {code: string; details: {field: string; code: string; line?: number}[]};
}

const faultsOf = ({status, json}: Answer) => {
  const {code, details = []} = (json as Failure).error;
  return [status, code, ...details.map(({field}) => field)];
};

const failedLogins = (ip: string, count = 10) =>
  Array.from({length: count}, (_, i) => ({
    ...{action: 'user.login', outcome: 'failure', actor: `u${i % 3}`, actorType: 'user', ip},
    actedAt: new Date(Date.parse('2026-03-02T09:00:00Z') + i * 1_000).toISOString(),
  }));

const RULE_ID = randomUUID();
const REFUNDS = `title: Large refunds
id: ${RULE_ID}
level: medium
tags: [fraud]
detection:
  refund:
    action: payment.refund
    metadata.amount|gte: 1000
  condition: refund
`;

describe('detection', () => {
  let service: TestService;
  before(async () => {
    service = await startTestService({DETECTION_INTERVAL_MS: '20'});
  });
  after(() => service.stop());

  const suspicious = async (query = '', token?: string): Promise<Alert[]> => {
    const answer = await service.send(`/audit-logs/suspicious-activity${query}`, token ? {token} : {});
    assert.equal(answer.status, 200, answer.text);
    return answer.json as Alert[];
  };
  /** Stores entries and waits for as many alerts. */
  const raised = async (entries: readonly object[], query: string, count = 1): Promise<Alert[]> => {
    const {status, text} = await service.send('/audit-logs/batch', {body: entries});
    assert.equal(status, 200, text);
    return eventually(`${count} alerts of ${query}`, async () => {
      const alerts = await suspicious(query);
      return alerts.length === count ? alerts : undefined;
    });
  };
  const putRule = (id: string, body: string, type = 'application/yaml') =>
    service.send(`/audit-logs/detection-rules/${id}`, {method: 'PUT', body, headers: {'content-type': type}});

  describe('GET /audit-logs/suspicious-activity', () => {
    test('tells what a rule has found, soon after the entries came', async () => {
      const [alert] = await raised(failedLogins('192.0.2.1'), '?group=192.0.2.1');
      assert.ok(alert);
      assert.deepEqual(
        [alert.title, alert.level, alert.status, alert.group, alert.entries],
        ['Many failed logins from one address', 'medium', 'open', {ip: '192.0.2.1'}, 10],
      );
      assert.deepEqual(alert.window, {from: '2026-03-02T09:00:00.000Z', to: '2026-03-02T09:00:09.000Z'});
      for (const id of alert.evidence) {
        const {json} = await service.send(`/audit-logs/${id}`);
        assert.equal((json as AuditEntry).ip, '192.0.2.1');
      }
      const {json} = await service.send(`/audit-logs/alerts/${alert.id}`);
      assert.deepEqual(json, alert);
      const told = (await service.send('/audit-logs?action=audit.alert.raise')).json as AuditEntry[];
      assert.ok(told.some(({entityId}) => entityId === alert.id));
    });

    test('chooses by status, level, rule, group and time', async () => {
      const {ruleId} = (await raised(failedLogins('192.0.2.2'), '?group=192.0.2.2'))[0] as Alert;
      const count = async (query: string) => (await suspicious(`?group=192.0.2.2&${query}`)).length;
      for (const query of [
        ...[
          'status=open',
          'status=open,resolved',
          'level=medium',
          `rule=${ruleId}`,
          'from=2026-03-02T09:00:09Z',
        ],
        'to=2026-03-02T09:00:00Z',
      ]) {
        assert.equal(await count(query), 1, query);
      }
      for (const query of [
        ...[
          'status=resolved',
          'level=critical',
          `rule=${randomUUID()}`,
          'from=2026-03-02T09:00:10Z',
          'actor=u0',
        ],
        'to=2026-03-02T08:59:59Z',
      ]) {
        assert.equal(await count(query), 0, query);
      }
    });

    test('goes from page to page, the newest first', async () => {
      const addresses = Array.from({length: 5}, (_, i) => `198.51.100.${i}`);
      for (const ip of addresses) await raised(failedLogins(ip), `?group=${ip}`);
      const everything = await suspicious('?limit=1000');
      const times = everything.map(({raisedAt}) => raisedAt);
      assert.deepEqual(times, [...times].sort().reverse());
      const paged: Alert[] = [];
      let path: string | undefined = '/audit-logs/suspicious-activity?limit=2';
      while (path) {
        const answer: Answer = await service.send(path);
        paged.push(...(answer.json as Alert[]));
        [, path] = /<([^>]+)>/.exec(answer.headers.get('link') ?? '') ?? [];
      }
      assert.deepEqual(paged, everything);
      const first = await service.send('/audit-logs/suspicious-activity?limit=1');
      const cursor = first.headers.get('x-next-cursor') ?? '';
      const other = await service.send(`/audit-logs/suspicious-activity?status=open&cursor=${cursor}`);
      assert.deepEqual(faultsOf(other), [400, 'INVALID_CURSOR', 'cursor']);
    });

    test('refuses what it does not understand, with the parameter', async () => {
      for (const [query, field] of [
        ['status=closed', 'status'],
        ['level=worst', 'level'],
        ['rule=x', 'rule'],
        ['from=yesterday', 'from'],
        ['from=2026-02-01&to=2026-01-01', 'to'],
        ['limit=0', 'limit'],
        ['colour=red', 'colour'],
        ['actor=', 'actor'],
      ] as const) {
        const [status, , place] = faultsOf(await service.send(`/audit-logs/suspicious-activity?${query}`));
        assert.deepEqual([status, place], [400, field], query);
      }
    });

    test('shows nothing of another tenant', async () => {
      const rival = await service.token({tenantId: 'rival'});
      const [alert] = await raised(failedLogins('192.0.2.3'), '?group=192.0.2.3');
      assert.deepEqual(await suspicious('', rival), []);
      const path = `/audit-logs/alerts/${alert?.id}`;
      assert.deepEqual(faultsOf(await service.send(path, {token: rival})), [404, 'ALERT_NOT_FOUND', 'id']);
      const dismissed = await service.send(`${path}/dismiss`, {method: 'POST', token: rival});
      assert.deepEqual(faultsOf(dismissed), [404, 'ALERT_NOT_FOUND', 'id']);
    });
  });

  describe('an alert', () => {
    test('is acknowledged and resolved, and the trail tells by whom and why', async () => {
      const [alert] = await raised(failedLogins('192.0.2.4'), '?group=192.0.2.4');
      const path = `/audit-logs/alerts/${alert?.id}`;
      const seen = await service.send(`${path}/acknowledge`, {method: 'POST'});
      assert.equal(seen.status, 200, seen.text);
      assert.deepEqual((({status, changedBy}) => [status, changedBy])(seen.json as Alert), [
        'acknowledged',
        'tester',
      ]);
      const done = await service.send(`${path}/resolve`, {body: {note: 'password changed'}});
      assert.deepEqual((({status, note}) => [status, note])(done.json as Alert), [
        'resolved',
        'password changed',
      ]);
      const again = await service.send(`${path}/resolve`, {body: {note: 'another word'}});
      assert.deepEqual(again.json, done.json);
      assert.deepEqual(faultsOf(await service.send(`${path}/dismiss`, {method: 'POST'})), [
        409,
        'ALERT_CLOSED',
        'id',
      ]);
      const told = (await service.send(`/audit-logs?entityId=${alert?.id}&order=actedAt`))
        .json as AuditEntry[];
      assert.deepEqual(
        told.map(({action, actor, before, after, reason}) => [action, actor, before, after, reason]),
        [
          ['audit.alert.raise', 'audit-service', undefined, undefined, undefined],
          ['audit.alert.acknowledge', 'tester', {status: 'open'}, {status: 'acknowledged'}, undefined],
          [
            'audit.alert.resolve',
            'tester',
            {status: 'acknowledged'},
            {status: 'resolved'},
            'password changed',
          ],
        ],
      );
    });

    test('is changed by those alone who may manage the trail', async () => {
      const [alert] = await raised(failedLogins('192.0.2.5'), '?group=192.0.2.5');
      const path = `/audit-logs/alerts/${alert?.id}`;
      const viewer = await service.token({permissions: ['ViewAudit']});
      assert.equal((await service.send(path, {token: viewer})).status, 200);
      const answer = await service.send(`${path}/acknowledge`, {method: 'POST', token: viewer});
      assert.deepEqual(faultsOf(answer), [403, 'FORBIDDEN', 'permissions']);
      assert.deepEqual((await service.send(path)).json, alert);
    });

    test('that is not there, or is said nonsense of, is refused', async () => {
      const [alert] = await raised(failedLogins('192.0.2.6'), '?group=192.0.2.6');
      const send = (id: string, body?: unknown) =>
        service.send(`/audit-logs/alerts/${id}/acknowledge`, {method: 'POST', body});
      const id = String(alert?.id);
      assert.deepEqual(faultsOf(await send('none')), [400, 'INVALID_ID', 'id']);
      assert.deepEqual(faultsOf(await send(randomUUID())), [404, 'ALERT_NOT_FOUND', 'id']);
      assert.deepEqual(faultsOf(await send(id, '{')), [400, 'INVALID_JSON', 'body']);
      assert.deepEqual(faultsOf(await send(id, [])), [400, 'INVALID_BODY', 'body']);
      assert.deepEqual(faultsOf(await send(id, {remark: 'x'})), [400, 'INVALID_BODY', 'remark']);
      assert.deepEqual(faultsOf(await send(id, {note: 'a\u0000b'})), [400, 'INVALID_BODY', 'note']);
      assert.deepEqual(faultsOf(await send(id, {note: 'x'.repeat(5_000)})), [400, 'INVALID_BODY', 'note']);
      assert.deepEqual(faultsOf(await send(id, {note: 'x'.repeat(70_000)})), [413, 'BODY_TOO_LARGE', 'body']);
      assert.deepEqual((await service.send(`/audit-logs/alerts/${id}`)).json, alert);
    });
  });

  describe('rules', () => {
    const ruleOf = async (id: string) =>
      (await service.send(`/audit-logs/detection-rules/${id}`)).json as Record<string, unknown>;

    test('of the service are listed with their source and how far they have looked', async () => {
      const {json} = await service.send('/audit-logs/detection-rules');
      const rules = json as {id: string; origin: string; enabled: boolean; source: string}[];
      for (const [id, {source}] of defaultRules()) {
        const rule = rules.find(each => each.id === id);
        assert.deepEqual([rule?.origin, rule?.enabled, rule?.source], ['default', true, source]);
      }
    });

    test('of a tenant find what came before them, and go with their deletion', async () => {
      const refund = {action: 'payment.refund', actor: 'joe', metadata: {amount: 1_200}};
      await service.send('/audit-logs', {body: refund});
      assert.equal((await putRule(RULE_ID, REFUNDS)).status, 200);
      const [alert] = await raised(
        [
          {...refund, actor: 'jim'},
          {...refund, metadata: {amount: 999}},
        ],
        `?rule=${RULE_ID}`,
        2,
      );
      assert.equal(alert?.title, 'Large refunds');
      const told = await eventually('the rule has looked at everything', async () => {
        const rule = await ruleOf(RULE_ID);
        return rule.behind === 0 ? rule : undefined;
      });
      assert.deepEqual([told.origin, told.enabled, told.source], ['tenant', true, REFUNDS]);
      assert.equal(
        (await service.send(`/audit-logs/detection-rules/${RULE_ID}`, {method: 'DELETE'})).status,
        204,
      );
      const gone = await service.send(`/audit-logs/detection-rules/${RULE_ID}`);
      assert.deepEqual(faultsOf(gone), [404, 'RULE_NOT_FOUND', 'id']);
      assert.equal((await suspicious(`?rule=${RULE_ID}`)).length, 2);
    });

    test('may be sent as JSON', async () => {
      const id = randomUUID();
      const rule = {title: 'As JSON', id, detection: {a: {action: 'x'}, condition: 'a'}};
      const answer = await putRule(id, JSON.stringify(rule), 'application/json');
      assert.equal(answer.status, 200, answer.text);
      assert.equal((answer.json as {title: string}).title, 'As JSON');
    });

    test('of the service are switched off and on, and replaced, for one tenant', async () => {
      const [id, {source}] = [...defaultRules()].find(([, {rule}]) => rule.title === 'Mass export') ?? [
        '',
        {source: ''},
      ];
      const off = await service.send(`/audit-logs/detection-rules/${id}/disable`, {method: 'POST'});
      assert.equal((off.json as {enabled: boolean}).enabled, false);
      const rival = await service.token({tenantId: 'rival'});
      const theirs = await service.send(`/audit-logs/detection-rules/${id}`, {token: rival});
      assert.equal((theirs.json as {enabled: boolean}).enabled, true);
      await service.send(`/audit-logs/detection-rules/${id}/enable`, {method: 'POST'});
      const mine = source.replace('gte: 20', 'gte: 2');
      assert.equal(((await putRule(id, mine)).json as {origin: string}).origin, 'tenant');
      await service.send(`/audit-logs/detection-rules/${id}`, {method: 'DELETE'});
      const back = await ruleOf(id);
      assert.deepEqual([back.origin, back.source, back.enabled], ['default', source, true]);
    });

    test('that cannot be read are refused with place and line, and nothing is kept', async () => {
      const id = randomUUID();
      const text = REFUNDS.replace(RULE_ID, id).replace('metadata.amount|gte', 'metadata.amount|between');
      const answer = await putRule(id, text);
      assert.deepEqual(faultsOf(answer), [400, 'INVALID_RULE', 'detection.refund.metadata.amount|between']);
      assert.equal((answer.json as Failure).error.details[0]?.line, 8);
      assert.deepEqual(faultsOf(await putRule(id, REFUNDS)), [400, 'INVALID_RULE', 'id']);
      assert.deepEqual(faultsOf(await putRule('none', REFUNDS)), [400, 'INVALID_ID', 'id']);
      assert.deepEqual(faultsOf(await putRule(id, `# ${'x'.repeat(70_000)}`)), [
        413,
        'BODY_TOO_LARGE',
        'body',
      ]);
      assert.equal((await service.send(`/audit-logs/detection-rules/${id}`)).status, 404);
    });

    test('that an earlier version has kept, and that cannot be read any more, say so, and may be disabled and deleted', async () => {
      const [replaced] = defaultRules().keys();
      for (const id of [randomUUID(), replaced ?? '']) {
        await service.db.admin.query(
          "INSERT INTO detection_rules (tenant_id, id, source, enabled, changed_by) VALUES ('acme', $1, 'of old', true, 'jane')",
          [id],
        );
        const at = `/audit-logs/detection-rules/${id}`;
        const rule = await ruleOf(id);
        assert.deepEqual([rule.source, rule.origin, rule.enabled], ['of old', 'tenant', true]);
        assert.match(String(rule.fault), /cannot be read/);
        const off = await service.send(`${at}/disable`, {method: 'POST'});
        assert.equal(off.status, 200, off.text);
        assert.equal((await ruleOf(id)).enabled, false);
        assert.equal((await service.send(at, {method: 'DELETE'})).status, 204);
        const told = await service.send(`/audit-logs?actedOn=detection-rule&entityId=${id}&limit=2`);
        assert.deepEqual(
          (told.json as AuditEntry[]).map(({action}) => action),
          ['audit.rule.delete', 'audit.rule.disable'],
        );
      }
      assert.equal((await service.send('/audit-logs/detection-rules')).status, 200);
    });

    test('are changed by those alone who may manage the trail', async () => {
      const token = await service.token({permissions: ['ViewAudit', 'CreateAudit']});
      const path = `/audit-logs/detection-rules/${randomUUID()}`;
      for (const [method, at] of [
        ['PUT', path],
        ['DELETE', path],
        ['POST', `${path}/disable`],
        ['POST', `${path}/enable`],
      ] as const) {
        const answer = await service.send(at, {
          method,
          token,
          ...(method === 'PUT' && {body: REFUNDS, headers: {'content-type': 'application/yaml'}}),
        });
        assert.deepEqual(faultsOf(answer), [403, 'FORBIDDEN', 'permissions'], `${method} ${at}`);
      }
    });

    test('of a tenant are fifty at most', async () => {
      const token = await service.token({tenantId: 'many'});
      const put = (id: string) =>
        service.send(`/audit-logs/detection-rules/${id}`, {
          ...{method: 'PUT', token, headers: {'content-type': 'application/yaml'}},
          body: REFUNDS.replace(RULE_ID, id),
        });
      const answers = await Promise.all(Array.from({length: 52}, () => put(randomUUID())));
      assert.deepEqual(answers.map(({status}) => status).sort(), [...Array(50).fill(200), 409, 409]);
    });
  });
});
