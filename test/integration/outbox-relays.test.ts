import assert from 'node:assert/strict';
import {test} from 'node:test';
import {outboxOf} from '@loopback-audit/audit-log';
import pino from 'pino';
import {OutboxRelays} from '../../dist/jobs/outbox-relays';
import {ServiceMetrics} from '../../dist/observability/metrics';
import {relayIntoTrail} from '../../dist/repositories/relay-entries';
import {sinkEntry} from '../contract/audit-sink.contract';
import {openShop} from '../support/audited-products';
import {eventually} from '../support/eventually';

test('the service logs and counts what it lays aside of an outbox', async () => {
  const shop = await openShop('audit');
  const lines: {level: number; msg: string; position?: string; reason?: string}[] = [];
  const logger = pino({}, {write: (line: string) => lines.push(JSON.parse(line))});
  const metrics = new ServiceMetrics(() => 0);
  const relays = new OutboxRelays([shop.dataSource], relayIntoTrail(shop.db.database), logger, entries =>
    metrics.countRejected(entries),
  );
  try {
    await outboxOf(shop.dataSource).deliver([sinkEntry(), sinkEntry({id: 'no uuid'}), sinkEntry()], {});
    await relays.start();
    const said = await eventually('it is logged', async () => lines.find(({reason}) => reason !== undefined));
    assert.equal(said.level, pino.levels.values.warn);
    assert.equal(said.msg, 'an entry of the outbox was rejected and laid aside');
    assert.match(said.reason ?? '', /id must be a UUID/);
    const {rows} = await shop.db.admin.query('SELECT position FROM audit_outbox_rejected');
    assert.deepEqual(
      rows.map(({position}) => position),
      [said.position],
    );
    assert.match((await metrics.expose()).text, /^audit_outbox_rejected_total 1$/m);
  } finally {
    await relays.stop();
    await shop.stop();
  }
});
