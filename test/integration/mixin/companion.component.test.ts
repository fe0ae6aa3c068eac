import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import {Application} from '@loopback/core';
import {DefaultCrudRepository, juggler, RepositoryMixin} from '@loopback/repository';
import {
  AuditBindings,
  AuditLogComponent,
  type AuditLogOptions,
  AuditRepositoryMixin,
  type AuditSink,
  type DeliveryFailure,
  deliveryFailures,
  HttpSink,
  type IAuditMixinOptions,
  type Rejected,
  type SinkEntry,
} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';
import {startTestService} from '../../support/test-service';

class ShopApplication extends RepositoryMixin(Application) {}

let shop: Shop;
let app: ShopApplication;
const sources: juggler.DataSource[] = [];

before(async () => {
  shop = await openShop();
});
after(() => shop.stop());
beforeEach(() => {
  app = new ShopApplication({shutdown: {signals: []}});
});
afterEach(async () => {
  if (app.state === 'started') await app.stop();
  await Promise.all(sources.splice(0).map(source => source.disconnect()));
  await shop.db.admin.query('TRUNCATE product, audit_outbox, audit_outbox_rejected');
});

/** A datasource of its own, as an application has one. */
const source = (name: string, more: object = {}): juggler.DataSource => {
  const {ssl: _ssl, ...connection} = shop.db.settings;
  const connector = require('loopback-connector-postgresql');
  const made = new juggler.DataSource({
    name,
    connector,
    ...connection,
    ...more,
    lazyConnect: true,
    onError: 'ignore',
  });
  sources.push(made);
  return made;
};
const mount = (options: AuditLogOptions) => {
  app.configure(AuditBindings.COMPONENT).to(options);
  app.component(AuditLogComponent);
};
const productsOn = (dataSource: juggler.DataSource, options: IAuditMixinOptions = {}) => {
  class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, options) {}
  return new Products(Product, dataSource);
};
const names = (entries: readonly SinkEntry[]) => entries.map(entry => entry.after?.name);

class Kept implements AuditSink {
  readonly entries: SinkEntry[] = [];

  async deliver(entries: readonly SinkEntry[]): Promise<void> {
    this.entries.push(...entries);
  }
}

describe('the option relayTo', () => {
  test('takes what is in the outboxes to a service, and tells of what the service will never take', async () => {
    const service = await startTestService();
    const told: Rejected[] = [];
    const failures: DeliveryFailure[] = [];
    const hear = (failure: DeliveryFailure) => failures.push(failure);
    deliveryFailures.on('failure', hear);
    try {
      const dataSource = source('shop');
      app.dataSource(dataSource, 'shop');
      const relayTo = new HttpSink({url: service.url, token: () => service.token()});
      mount({outbox: ['shop'], relayTo, onRejected: rejected => told.push(...rejected)});
      await app.start();
      const products = productsOn(dataSource);
      for (const name of ['first', 'too large', 'last']) {
        const note = name === 'too large' ? 'x'.repeat(700 << 10) : 'small';
        await products.create({name, detail: {note}}, {tenantId: 'acme'});
      }
      const arrived = await eventually('both entries arrive', async () => {
        const {json} = await service.send('/audit-logs?order=recordedAt');
        return (json as SinkEntry[]).length === 2 ? (json as SinkEntry[]) : undefined;
      });
      assert.deepEqual(names(arrived), ['first', 'last']);
      await eventually('it is told', async () => (told.length > 0 ? true : undefined));
      assert.deepEqual(names(told.map(({entry}) => entry)), ['too large']);
      assert.deepEqual(names(failures.flatMap(({entries}) => entries)), ['too large']);
    } finally {
      deliveryFailures.off('failure', hear);
      await app.stop();
      await service.stop();
    }
  });
});

describe('the option sink', () => {
  test('is where repositories record that name none, also on datasources that are bound later', async () => {
    const sink = new Kept();
    const own = new Kept();
    const [early, late, withOutbox] = [source('early'), source('late'), source('shop')];
    app.dataSource(early, 'early');
    app.dataSource(withOutbox, 'shop');
    mount({sink, outbox: ['shop']});
    await app.start();
    app.dataSource(late, 'late');
    await productsOn(early).create({name: 'early'});
    await productsOn(late).create({name: 'late'});
    await productsOn(early, {sink: own}).create({name: 'own'});
    await productsOn(withOutbox).create({name: 'outbox'});
    await (await app.get(AuditBindings.LOGGER)).record({action: 'order.pay', after: {name: 'logger'}});
    assert.deepEqual(names(sink.entries), ['early', 'late', 'logger']);
    assert.deepEqual(names(own.entries), ['own']);
    assert.deepEqual(names(await shop.entries()), ['outbox']);
  });

  test('is followed as surely as the option delivery says', async () => {
    const dataSource = source('shop');
    app.dataSource(dataSource, 'shop');
    const sink: AuditSink = {deliver: () => Promise.reject(new Error('down'))};
    mount({sink, delivery: 'background'});
    await app.start();
    const {count} = deliveryFailures;
    await productsOn(dataSource).create({name: 'background'});
    await eventually('the failure is told', async () => (deliveryFailures.count > count ? true : undefined));
    assert.equal((await productsOn(dataSource).count()).count, 1);
  });

  test('with a delivery whose promise it cannot keep the application does not start, and says what it needs', async () => {
    mount({sink: new HttpSink({url: 'http://127.0.0.1:9', token: () => ''}), delivery: 'durable'});
    await assert.rejects(app.start(), /`durable` needs a Journal/);
  });
});

describe('migrateSchema()', () => {
  test('works in an application that has no datasource of audit logs', async () => {
    app.dataSource(source('shop', {disableMigration: true}), 'shop');
    mount({outbox: ['shop']});
    await app.migrateSchema();
  });

  test('leaves the table of audit logs to upgradeAuditLogs(), also where their datasource is bound after the component', async () => {
    mount({});
    app.dataSource(source('AuditDB'), 'AuditDB');
    await app.migrateSchema();
    const {rows} = await shop.db.admin.query("SELECT to_regclass('audit_logs') AS name");
    assert.equal(rows[0].name, null);
  });
});

describe('a login that may not create anything', () => {
  const lowly = {user: 'lowly', password: 'lowly'};
  before(() =>
    shop.db.admin.query(`CREATE ROLE lowly LOGIN PASSWORD 'lowly';
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lowly;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lowly`),
  );
  after(() => shop.db.admin.query('DROP OWNED BY lowly; DROP ROLE lowly'));

  const startAsLowly = async () => {
    const dataSource = source('shop', lowly);
    app.dataSource(dataSource, 'shop');
    mount({outbox: ['shop']});
    await app.start();
    return productsOn(dataSource);
  };

  test('will do where the outbox is there', async () => {
    await (await startAsLowly()).create({name: 'by lowly'});
    assert.deepEqual(names(await shop.entries()), ['by lowly']);
  });

  test('will do with functions of another version, of which the process is warned', async () => {
    await shop.db.admin.query(
      `CREATE OR REPLACE FUNCTION audit_is_withheld(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'`,
    );
    const warnings: string[] = [];
    const hear = ({message}: Error) => warnings.push(message);
    process.on('warning', hear);
    await startAsLowly();
    await eventually('it is warned', async () =>
      warnings.some(warning => /another version.*CREATE_OUTBOX/.test(warning)) ? true : undefined,
    );
    process.off('warning', hear);
  });

  test('is told of CREATE_OUTBOX where the outbox is missing, or a part of it', async () => {
    await shop.db.admin.query('DROP TRIGGER audit_outbox_notify ON audit_outbox');
    await assert.rejects(startAsLowly(), /The outbox is missing.*CREATE_OUTBOX/);
  });
});
