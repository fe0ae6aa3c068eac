import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {forwardTo, HttpSink, OutboxRelay, outboxOf} from '@loopback-audit/audit-log';
import {sinkEntry} from '../../contract/audit-sink.contract';
import {openShop, productRepository, type Shop} from '../../support/audited-products';
import {signedToken} from '../../support/bad-tokens';
import {type ChildService, startChildService} from '../../support/child-service';
import {eventually} from '../../support/eventually';
import {type Forwarder, startForwarder} from '../../support/forwarder';
import {createTestDatabase, type TestDatabase} from '../../support/test-database';
import {SECRET} from '../../support/test-service';

let shop: Shop;
let db: TestDatabase;
let folder: string;
let service: ChildService;
let port: Forwarder;
let relay: OutboxRelay;
/** The key of the tokens. */
let secret = SECRET;
const faults: unknown[] = [];

const start = () => startChildService(db, folder);
const portOf = ({url}: ChildService) => Number(new URL(url).port);

before(async () => {
  [shop, db, folder] = await Promise.all([
    openShop(),
    createTestDatabase(),
    mkdtemp(join(tmpdir(), 'audit-away-')),
  ]);
  service = await start();
  port = await startForwarder(portOf(service));
  const sink = new HttpSink({
    url: `http://127.0.0.1:${port.port}`,
    token: () => signedToken(secret, {tenantId: 'acme'}),
  });
  relay = new OutboxRelay({
    dataSource: shop.dataSource,
    forward: forwardTo(sink),
    batchSize: 25,
    maxPauseMs: 200,
    onError: fault => faults.push(fault),
  });
  relay.start();
});
after(async () => {
  await relay.stop();
  await port.stop();
  if (!service.hasEnded) await service.kill('SIGKILL');
  await Promise.all([shop.stop(), db.drop()]);
  await rm(folder, {recursive: true, force: true});
});

const waiting = async () => (await shop.entries()).length;
const stored = async () => (await db.admin.query('SELECT count(*)::int AS n FROM audit_logs')).rows[0].n;

test('nothing is lost while the service is killed and away, the order is kept, and each entry is there once', async () => {
  const products = productRepository(shop);
  products.getCurrentUser = async () => ({id: 'jane', tenantId: 'acme'});
  const done: string[] = [];
  let changing = true;
  const change = async () => {
    for (let i = 0; changing; i++) {
      const {id = 0} = await products.create({name: `a${i}`});
      done.push(`${id} INSERT_ONE a${i}`);
      await products.updateById(id, {name: `b${i}`});
      done.push(`${id} UPDATE_ONE b${i}`);
    }
  };
  const changes = change();

  for (let kill = 0; kill < 3; kill++) {
    const soFar = await stored();
    await eventually('entries arrive', async () => ((await stored()) > soFar ? true : undefined));
    await service.kill('SIGKILL');
    const [before, failed] = [done.length, faults.length];
    await eventually('the relay tries in vain', async () => (faults.length > failed + 1 ? true : undefined));
    await eventually('the host works on', async () => (done.length > before + 50 ? true : undefined));
    assert.ok((await waiting()) >= 50, 'what the service cannot take waits in the outbox');
    service = await start();
    port.forwardTo(portOf(service));
    await sleep(Math.random() * 100);
  }
  changing = false;
  await changes;
  await eventually('the outbox is empty', async () => ((await waiting()) === 0 ? true : undefined));

  const {rows} = await db.admin.query(
    `SELECT entity_id || ' ' || action || ' ' || (after ->> 'name') AS said, recorded_at::text AS at
       FROM audit_logs ORDER BY acted_at`,
  );
  assert.deepEqual(
    rows.map(({said}) => said),
    done,
  );
  const arrived = rows.map(({at}) => at);
  assert.deepEqual(arrived, arrived.toSorted(), 'what happened first was stored first');
  const {rows: rejected} = await shop.db.admin.query('SELECT reason FROM audit_outbox_rejected');
  assert.deepEqual(rejected, []);
});

test('an entry that the service will never take is laid aside with its reason, and holds up no other', async () => {
  const already = await stored();
  const good = Array.from({length: 9}, () => sinkEntry());
  const [first = sinkEntry()] = good;
  await outboxOf(shop.dataSource).deliver(
    [...good.slice(0, 4), sinkEntry({id: 'no uuid'}), ...good.slice(4), {...first, action: 'other.thing'}],
    {},
  );
  await eventually('the outbox is empty', async () => ((await waiting()) === 0 ? true : undefined));
  assert.equal(await stored(), already + good.length);
  const {rows} = await shop.db.admin.query('SELECT reason FROM audit_outbox_rejected ORDER BY position');
  assert.equal(rows.length, 2);
  assert.match(rows[0].reason, /id must be a UUID/);
});

test('entries wait while the token is refused, for the host can mend it', async () => {
  const already = await stored();
  const failed = faults.length;
  secret = 'another key, of 32 bytes or more, too';
  await outboxOf(shop.dataSource).deliver([sinkEntry()], {});
  await eventually('it is refused', async () => (faults.length > failed + 1 ? true : undefined));
  assert.equal(await waiting(), 1);
  secret = SECRET;
  await eventually('it arrives', async () => ((await stored()) === already + 1 ? true : undefined));
});
