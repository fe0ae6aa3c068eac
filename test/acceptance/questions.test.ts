import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {PARAMETERS} from '../../dist/query/parameter-names';
import {eventually} from '../support/eventually';
import {startTestService, type TestService} from '../support/test-service';

const DOCUMENT = readFileSync(join(__dirname, '..', '..', 'docs', 'http-api.md'), 'utf8');
const [, QUESTIONS = ''] = /## Questions.*?```sh\n(.*?)```/s.exec(DOCUMENT) ?? [];

let service: TestService;
before(async () => {
  service = await startTestService({DETECTION_INTERVAL_MS: '50'});
  const entries = [
    {
      ...{action: 'user.login', actor: 'u-1', outcome: 'failure', reason: 'wrong password', severity: 'high'},
      ...{ip: '10.1.2.3', requestId: 'r-1', category: 'auth'},
    },
    {
      ...{
        action: 'role.update',
        actor: 'u-2',
        onBehalfOf: 'u-1',
        actedOn: 'Role',
        entityId: '42',
        requestId: 'r-1',
      },
      ...{before: {role: 'editor'}, after: {role: 'admin'}, changedFields: ['role']},
      ...{actedAt: new Date(Date.now() - 2 * 86_400_000).toISOString()},
    },
  ];
  entries.push({
    action: 'role.assign',
    actor: 'u-3',
    actedOn: 'User',
    entityId: 'u-3',
  } as (typeof entries)[number]);
  const {status, text} = await service.send('/audit-logs/batch', {method: 'POST', body: entries});
  assert.equal(status, 200, text);
  await eventually('an alert', async () => {
    const {json} = await service.send('/audit-logs/suspicious-activity');
    return (json as unknown[]).length > 0 ? true : undefined;
  });
});
after(() => service.stop());

const lines = QUESTIONS.trim().split('\n');
for (let i = 0; i < lines.length; i += 2) {
  const [question = '', command = ''] = lines.slice(i, i + 2);
  test(`${question.replace('# ', '')} is answered by the line of the documentation`, async () => {
    assert.match(question, /^# /);
    const env = {...process.env, URL: service.url, TOKEN: await service.token()};
    const {stdout} = await promisify(execFile)('bash', ['-c', command], {env});
    const answer = JSON.parse(stdout);
    const found = Array.isArray(answer)
      ? answer.length
      : (answer.count ?? answer.entries ?? answer.addresses.length);
    assert.ok(found > 0, `${command} answered ${stdout}`);
  });
}

test('there are questions, and the table of parameters has every name of each', () => {
  assert.ok(lines.length >= 20);
  for (const [name, {aliases}] of Object.entries(PARAMETERS)) {
    const row = `| \`${name}\` | ${aliases.map(alias => `\`${alias}\``).join(', ')} |`;
    assert.ok(DOCUMENT.includes(row), `docs/http-api.md should have a row that begins with ${row}`);
  }
});
