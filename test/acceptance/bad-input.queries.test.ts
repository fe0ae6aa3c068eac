import {after, before, describe} from 'node:test';
import {BAD_QUERIES_OF_A_PATH, badQueries} from '../support/bad-queries';
import {testRefusals} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
  await service.send('/audit-logs', {body: {action: 'a.b', actor: 'jane', tags: ['x'], after: {x: 1}}});
});
after(() => service.stop());

for (const path of ['/audit-logs', '/audit-logs/count', '/audit-logs/stream']) {
  describe(`GET ${path}`, () => testRefusals(() => service, badQueries(path)));
}
describe('GET /audit-logs/export', () => {
  // An export is as long as it has to be.
  const queries = badQueries('/audit-logs/export').filter(({what}) => !what.startsWith('a limit of 10^9'));
  testRefusals(() => service, queries);
});
describe('one path', () => testRefusals(() => service, BAD_QUERIES_OF_A_PATH));
