import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {assertRefused} from '../support/bad-request';
import {badTokens, signedToken} from '../support/bad-tokens';
import {SECRET, startTestService, type TestService} from '../support/test-service';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
/** Every route, a request that it would serve, and the permission it needs. */
const ROUTES = [
  {method: 'POST', path: '/audit-logs', body: {action: 'a.b'}, permission: '2'},
  {method: 'POST', path: '/audit-logs/batch', body: [{action: 'a.b'}], permission: '2'},
  {method: 'GET', path: '/audit-logs', permission: '1'},
  {method: 'GET', path: '/audit-logs?includeArchivedLogs=true', permission: '1'},
  {method: 'GET', path: '/audit-logs/count', permission: '1'},
  {method: 'GET', path: `/audit-logs/${id}`, permission: '1'},
  {method: 'GET', path: '/audit-logs/export?format=csv', permission: '5'},
  {method: 'GET', path: '/audit-logs/export', permission: '5'},
  {method: 'POST', path: '/audit-logs/archive', body: {actedOn: 'order'}, permission: '6'},
  {method: 'GET', path: `/audit-logs/jobs/${id}`, permission: '1'},
  {method: 'GET', path: `/audit-logs/jobs/${id}/file`, permission: '5'},
];
const PERMISSIONS = ['1', '2', '5', '6', '7'];

let service: TestService;
before(async () => {
  service = await startTestService();
  await service.send('/audit-logs', {body: {action: 'a.b', actedOn: 'order', id}});
});
after(() => service.stop());

const stored = async () =>
  (
    await service.db.admin.query(
      'SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM jobs) AS n',
    )
  ).rows[0].n;

for (const {what, authorization, code} of badTokens(SECRET)) {
  test(`lets nobody in with ${what}`, async () => {
    const before = await stored();
    for (const {method, path, body} of ROUTES) {
      const headers = authorization === undefined ? {} : {authorization};
      const answer = await service.send(path, {method, body, headers, token: null});
      const field = ['UNAUTHENTICATED', 'TOKEN_EXPIRED'].includes(code) ? 'Authorization' : undefined;
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assertRefused(answer, {status: 401, code, field: field ?? faultyField(answer.json)});
    }
    assert.equal(await stored(), before);
  });
}

/** A token that is not accepted is at fault itself, or one of its claims is. */
function faultyField(json: unknown): string {
  const {field} = (json as {error: {details: [{field: string}]}}).error.details[0];
  assert.ok(['Authorization', 'sub', 'tenantId', 'permissions', 'actorType'].includes(field), field);
  return field;
}

describe('permissions', () => {
  for (const {method, path, body, permission} of ROUTES) {
    test(`${method} ${path} needs ${permission}, and no other will do`, async () => {
      const others = PERMISSIONS.filter(other => other !== permission);
      for (const permissions of [[], others, ['*'], [null], [{}], ['__proto__'], [[permission, '9']]]) {
        const before = await stored();
        const token = signedToken(SECRET, {permissions});
        const answer = await service.send(path, {method, body, token});
        assertRefused(answer, {status: 403, code: 'FORBIDDEN', field: 'permissions'});
        assert.equal(await stored(), before);
      }
      const allowed = await service.send(path, {
        method,
        body,
        token: signedToken(SECRET, {permissions: [permission]}),
      });
      assert.ok(![401, 403, 500].includes(allowed.status), allowed.text);
    });
  }

  test('a token without permissions at all may do nothing', async () => {
    const token = signedToken(SECRET, {permissions: undefined});
    for (const {method, path, body} of ROUTES) {
      assertRefused(await service.send(path, {method, body, token}), {
        ...{status: 403, code: 'FORBIDDEN', field: 'permissions'},
      });
    }
  });

  test('a token without a tenant reaches no trail', async () => {
    const token = signedToken(SECRET, {tenantId: undefined});
    for (const {method, path, body} of ROUTES) {
      assertRefused(await service.send(path, {method, body, token}), {
        ...{status: 403, code: 'FORBIDDEN', field: 'tenantId'},
      });
    }
  });
});
