import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {httpSender} from '../../dist/import/http-sender';
import {importFiles} from '../../dist/import/import-files';
import {AuditServiceBindings} from '../../dist/keys';
import type {Alert} from '../../dist/models/alert.model';
import {CLOUDTRAIL_SKIPPED, cloudTrailFiles} from '../support/cloudtrail-data';
import {lookedAt} from '../support/looked-at';
import {startTestService, type TestService} from '../support/test-service';

describe('the attack in 2,093 records of AWS CloudTrail', {skip: CLOUDTRAIL_SKIPPED}, () => {
  let service: TestService;
  let alerts: Alert[];

  before(async () => {
    service = await startTestService();
    await importFiles(cloudTrailFiles(), {
      send: httpSender({url: service.url, token: await service.token()}),
    });
    await lookedAt(await service.app.get(AuditServiceBindings.DETECTOR), 'acme');
    alerts = (await service.send('/audit-logs/suspicious-activity?limit=1000')).json as Alert[];
  });
  after(() => service?.stop());

  test('is found', () => {
    for (const a of alerts.sort((x, y) => (x.window.from < y.window.from ? -1 : 1)))
      process.stdout.write(
        `${a.window.from} ${a.window.to} ${a.level} ${a.title} ${JSON.stringify(a.group)} ${a.entries}\n`,
      );
    assert.ok(alerts.length > 0);
  });
});
