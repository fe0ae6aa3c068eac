import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {PROPERTY_RULES} from '../../dist/admission/property-rules';
import {LIKE_BOMBS, REGEXP_BOMBS, TEXT_BOMBS} from '../support/bombs';
import type {Answer} from '../support/send';
import {startTestService, type TestService} from '../support/test-service';

/** Every property that takes any text. */
const TEXT_PROPERTIES = Object.entries(PROPERTY_RULES)
  .filter(([name, rule]) => rule.type === 'text' && name !== 'tenantId')
  .map(([name]) => name);
const PARAMETERS = ['action', 'actedOn', 'entityId', 'actor', 'outcome', 'severity', 'category', 'ip'];
const MORE_PARAMETERS = [
  'serviceName',
  'from',
  'to',
  'limit',
  'cursor',
  'order',
  'filter',
  'where',
  'format',
];

let service: TestService;
before(async () => {
  service = await startTestService({QUERY_TIMEOUT_MS: '2000'});
  const reason = `${'a'.repeat(30_000)}!`;
  await service.send('/audit-logs', {body: {action: 'a.b', reason, after: {text: reason}, tags: ['aaa']}});
});
after(() => service.stop());

const countRows = async () =>
  (await service.db.admin.query('SELECT count(*) AS n FROM audit_logs')).rows[0].n;
const search = (where: object) =>
  service.send(`/audit-logs?${new URLSearchParams({filter: JSON.stringify({where})})}`);

/** Answered, refused, or stopped by the time limit: never a fault of the service. */
const assertSafe = ({status, text}: Answer) => {
  const {error} = status === 200 ? {error: undefined} : JSON.parse(text);
  assert.ok(status < 500 || error.code === 'QUERY_TIMEOUT', text);
  assert.ok(status === 200 || error.code, text);
};

describe('text that would break a statement', () => {
  for (const bomb of TEXT_BOMBS) {
    test(`${JSON.stringify(bomb.slice(0, 60))} is stored in every property, and found by it`, async () => {
      const texts = Object.fromEntries(TEXT_PROPERTIES.map(name => [name, bomb]));
      const json = {[bomb]: {[bomb]: [bomb]}};
      const sent = {
        ...texts,
        ...(bomb !== '__proto__' && {before: json, after: json, metadata: json}),
        ...{tags: [bomb], changedFields: [bomb], relatedEntities: [{type: bomb, id: bomb}]},
      };
      const posted = await service.send('/audit-logs', {body: sent});
      assert.equal(posted.status, 200, posted.text);
      const {id} = posted.json as AuditEntry;
      const read = (await service.send(`/audit-logs/${id}`)).json as AuditEntry;
      assert.deepEqual({...read, ...sent}, read);
      for (const name of [...TEXT_PROPERTIES, 'tags', 'changedFields']) {
        const found = await search({id, [name]: bomb});
        assert.equal((found.json as AuditEntry[]).length, 1, `${name}: ${found.text}`);
      }
    });

    test(`${JSON.stringify(bomb.slice(0, 60))} does no harm as a parameter, a name or a path`, async () => {
      const before = await countRows();
      for (const name of [...PARAMETERS, ...MORE_PARAMETERS]) {
        assertSafe(await service.send(`/audit-logs?${new URLSearchParams({[name]: bomb})}`));
        assertSafe(await service.send(`/audit-logs/export?${new URLSearchParams({[name]: bomb})}`));
      }
      assertSafe(await service.send(`/audit-logs?${new URLSearchParams({[bomb]: bomb})}`));
      assertSafe(await service.send(`/audit-logs/${encodeURIComponent(bomb)}`));
      assertSafe(await service.send(`/audit-logs/jobs/${encodeURIComponent(bomb)}`));
      assertSafe(await search({[bomb]: bomb}));
      assertSafe(await search({[`after.${bomb}`]: bomb}));
      assertSafe(await search({actor: {[bomb]: bomb}}));
      assertSafe(await service.send('/audit-logs/archive', {body: {entityId: `${bomb} of nobody`}}));
      assert.equal(await countRows(), before);
    });
  }
});

describe('patterns that would take for ever', () => {
  const properties = ['reason', 'after.text', 'after', 'tags', 'ip', 'actedAt'];
  for (const bomb of REGEXP_BOMBS) {
    test(`the regular expression ${JSON.stringify(bomb.slice(0, 60))} ends`, async () => {
      for (const property of properties) {
        assertSafe(await search({[property]: {regexp: bomb}}));
        assertSafe(await search({[property]: {regexp: `/${bomb}/i`}}));
      }
    });
  }
  for (const bomb of LIKE_BOMBS) {
    test(`the pattern ${JSON.stringify(bomb.slice(0, 30))}… ends`, async () => {
      for (const property of properties) {
        assertSafe(await search({[property]: {like: bomb}}));
        assertSafe(await search({[property]: {nilike: bomb}}));
      }
    });
  }
});

test('what is stored of one property is never read as the pattern of another', async () => {
  const {id} = (await service.send('/audit-logs', {body: {action: 'x_y%', actor: '.*'}})).json as AuditEntry;
  await service.send('/audit-logs', {body: {action: 'xzyq', actor: 'anybody'}});
  const found = (await service.send('/audit-logs?action=x_y%25*')).json as AuditEntry[];
  assert.deepEqual(
    found.map(entry => entry.id),
    [id],
  );
});
