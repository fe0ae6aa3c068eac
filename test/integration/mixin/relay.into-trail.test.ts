import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {createOutbox, OutboxRelay, outboxSink, type SinkEntry} from '@loopback-audit/audit-log';
import {relayIntoTrail} from '../../../dist/repositories/relay-entries';
import {openShop, type ProductRepository, productRepository, type Shop} from '../../support/audited-products';

describe('the relay into the trail of the same database', () => {
  let shop: Shop;
  let products: ProductRepository;
  const relays: OutboxRelay[] = [];
  const faults: unknown[] = [];

  before(async () => {
    shop = await openShop('audit');
    products = productRepository(shop);
    products.getCurrentUser = async () => ({id: 'jane', tenantId: 'acme'});
    for (const _process of [1, 2]) {
      const relay = new OutboxRelay({
        dataSource: shop.dataSource,
        forward: relayIntoTrail(shop.db.database),
        onError: fault => faults.push(fault),
      });
      relays.push(relay);
      relay.start();
    }
  });
  after(async () => {
    await Promise.all(relays.map(relay => relay.stop()));
    await shop.stop();
  });

  const stored = async () => {
    const {rows} = await shop.db.admin.query(
      'SELECT entity_id, action, actor, tenant_id FROM audit_logs ORDER BY recorded_at, id',
    );
    return rows;
  };
  const drained = async () => {
    for (;;) {
      const {rows} = await shop.db.admin.query('SELECT count(*)::int AS n FROM audit_outbox');
      if (rows[0].n === 0) return;
      await sleep(10);
    }
  };

  test('stores each entry exactly once, in the order of the changes, with two relays at work', async () => {
    for (let i = 0; i < 30; i++) {
      const {id = 0} = await products.create({name: `p${i}`});
      await products.updateById(id, {name: `q${i}`});
    }
    await drained();
    const rows = await stored();
    assert.equal(rows.length, 60);
    assert.deepEqual(
      rows.map(({action}) => action),
      Array.from({length: 30}, () => ['INSERT_ONE', 'UPDATE_ONE']).flat(),
    );
    assert.ok(rows.every(({actor, tenant_id}) => actor === 'jane' && tenant_id === 'acme'));
    assert.deepEqual(faults, []);
  });

  test('lays aside what will never be accepted, and goes on', async () => {
    const before = (await stored()).length;
    const bad = {
      id: 'no uuid',
      action: 'x',
      actor: 'y',
      actedAt: new Date().toISOString(),
      tenantId: 'acme',
    } as SinkEntry;
    const transaction = await shop.dataSource.beginTransaction({});
    await outboxSink.deliver([bad], {dataSource: shop.dataSource, transaction: transaction as never});
    await transaction.commit();
    await products.create({name: 'after'});
    await drained();
    assert.equal((await stored()).length, before + 1);
    const {rows} = await shop.db.admin.query('SELECT reason FROM audit_outbox_rejected');
    assert.match(rows[0].reason, /id must be a UUID/);
  });

  test('the outbox may be made again by any number of processes', async () => {
    await Promise.all(Array.from({length: 5}, () => createOutbox(shop.dataSource)));
  });
});
