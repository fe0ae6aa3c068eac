import assert from 'node:assert/strict';
import {after, afterEach, before, describe, test} from 'node:test';
import {
  type AuditSink,
  forwardTo,
  HttpSink,
  OutboxRelay,
  type OutboxRelayOptions,
  type Rejected,
} from '@loopback-audit/audit-log';
import {openShop, productRepository, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';
import {startTestService, type TestService} from '../../support/test-service';

let shop: Shop;
let service: TestService;
let relay: OutboxRelay | undefined;

before(async () => {
  shop = await openShop();
  service = await startTestService();
});
after(async () => {
  await shop.stop();
  await service.stop();
});
afterEach(async () => {
  await relay?.stop();
  await shop.db.admin.query('TRUNCATE audit_outbox, audit_outbox_rejected');
});

const toService = () => new HttpSink({url: service.url, token: () => service.token()});
const create = (name: string, tenantId = 'acme') => productRepository(shop).create({name}, {tenantId});

const startRelay = (sink: AuditSink, more: Partial<OutboxRelayOptions> = {}) => {
  relay = new OutboxRelay({dataSource: shop.dataSource, forward: forwardTo(sink), maxPauseMs: 50, ...more});
  relay.start();
};
const drained = () =>
  eventually('the outbox is empty', async () => {
    const {rows} = await shop.db.admin.query('SELECT count(*)::int AS n FROM audit_outbox');
    return rows[0].n === 0 ? true : undefined;
  });
const arrived = async (prefix: string) => {
  const {rows} = await service.db.admin.query(
    `SELECT after ->> 'name' AS name FROM audit_logs WHERE after ->> 'name' LIKE $1 ORDER BY recorded_at, acted_at`,
    [`${prefix}%`],
  );
  return rows.map(({name}) => name);
};
const laidAside = async () => {
  const {rows} = await shop.db.admin.query(
    `SELECT position, reason, left(entry -> 'after' ->> 'name', 10) AS name FROM audit_outbox_rejected ORDER BY position`,
  );
  return rows;
};

describe('the relay to a service elsewhere', () => {
  test('lays aside what the service refuses, tells of it, and delivers the rest in order', async () => {
    for (let i = 0; i < 9; i++) {
      await create(`poison-${i}`);
      if (i === 3) await create(`too large ${'x'.repeat(700 << 10)}`);
      if (i === 5) await create('of another tenant', 'globex');
    }
    const told: Rejected[] = [];
    startRelay(toService(), {onRejected: rejected => told.push(...rejected)});
    await drained();
    assert.deepEqual(
      await arrived('poison-'),
      Array.from({length: 9}, (_, i) => `poison-${i}`),
    );
    const rejected = await laidAside();
    assert.deepEqual(
      rejected.map(({name}) => name),
      ['too large ', 'of another'],
    );
    assert.match(rejected[0].reason, /413/);
    assert.match(rejected[1].reason, /403/);
    assert.deepEqual(
      told.map(({position, reason}) => [position, reason]),
      rejected.map(({position, reason}) => [position, reason]),
    );
  });

  test('does not lay aside for a token that has expired: it tries again until it has another', async () => {
    let token = 'expired';
    const errors: unknown[] = [];
    await create('token-1');
    startRelay(new HttpSink({url: service.url, token: () => token}), {onError: error => errors.push(error)});
    await eventually('the service refuses', async () => (errors.length > 1 ? true : undefined));
    token = await service.token();
    await drained();
    assert.deepEqual(await arrived('token-'), ['token-1']);
    assert.deepEqual(await laidAside(), []);
  });

  test('waits for as long as the service asks it to', async () => {
    const attempts: number[] = [];
    await create('patience-1');
    startRelay({
      async deliver(entries) {
        attempts.push(Date.now());
        if (attempts.length === 1) {
          throw Object.assign(new Error('too many requests'), {statusCode: 429, retryAfterMs: 1_000});
        }
        await toService().deliver(entries);
      },
    });
    await drained();
    assert.equal(attempts.length, 2);
    assert.ok((attempts[1] ?? 0) - (attempts[0] ?? 0) >= 990);
    assert.deepEqual(await arrived('patience-'), ['patience-1']);
  });

  test('delivers more at once than a request may hold', async () => {
    const name = (i: number) => `many-${String(i).padStart(3, '0')}${'x'.repeat(30_000)}`;
    await productRepository(shop).createAll(
      Array.from({length: 400}, (_, i) => ({name: name(i)})),
      {tenantId: 'acme'},
    );
    startRelay(toService());
    await drained();
    assert.equal((await arrived('many-')).length, 400);
    assert.deepEqual(await laidAside(), []);
  });
});
