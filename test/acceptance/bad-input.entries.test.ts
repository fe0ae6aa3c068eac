import {after, before} from 'node:test';
import {BAD_ENTRIES} from '../support/bad-entries';
import {testRefusals} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
  await service.send('/audit-logs', {body: {action: 'a.b', actor: 'jane', actedOn: 'order', entityId: '1'}});
});
after(() => service.stop());

testRefusals(() => service, BAD_ENTRIES);
