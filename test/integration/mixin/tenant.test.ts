import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import {BindingKey, type Context, inject} from '@loopback/core';
import {DefaultCrudRepository, RepositoryMixin} from '@loopback/repository';
import {post, RestApplication} from '@loopback/rest';
import {
  AuditBindings,
  AuditLogComponent,
  type AuditLogger,
  AuditRepositoryMixin,
  type AuditSink,
  HttpSink,
  type IAuditMixinOptions,
  OutboxRelay,
  type SinkEntry,
  type User,
  withContext,
} from '@loopback-audit/audit-log';
import {relayIntoTrail} from '../../../dist/repositories/relay-entries';
import {openShop, Product, productRepository, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';
import {send} from '../../support/send';
import {startTestService} from '../../support/test-service';

const OWN_USER = BindingKey.create<User | undefined>('test.repository-user');
const OPTIONS = BindingKey.create<IAuditMixinOptions>('test.mixin-options');

let shop: Shop;
let app: RestApplication;
before(async () => {
  shop = await openShop('audit');
});
after(() => shop.stop());
beforeEach(async () => {
  await shop.db.admin.query('TRUNCATE product, audit_outbox');
  app = new (class extends RepositoryMixin(RestApplication) {})({
    shutdown: {signals: []},
    rest: {host: '127.0.0.1', port: 0},
  });
  app.bind('datasources.shop').to(shop.dataSource);
  app.configure(AuditBindings.COMPONENT).to({outbox: ['shop']});
  app.component(AuditLogComponent);
  app.controller(ProductController);
});
afterEach(() => app.stop());

/** Changes a product and records an event, in one request. */
class ProductController {
  constructor(
    @inject(AuditBindings.LOGGER) private readonly audit: AuditLogger,
    @inject(OWN_USER, {optional: true}) private readonly user?: User,
    @inject(OPTIONS, {optional: true}) private readonly options: IAuditMixinOptions = {},
  ) {}

  @post('/products')
  async create(): Promise<void> {
    const {user, options} = this;
    class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, options) {
      override getCurrentUser = async () => user;
    }
    const products = new Products(Product, shop.dataSource);
    await products.create({name: 'Chair'});
    await products.recordChange({action: 'UPDATE_ONE', entityId: 1, before: {price: 1}, after: {price: 2}});
    await this.audit.record({action: 'product.praise'});
  }
}

/** The tenants of the change, of the told change, and of the event. */
async function tenants(): Promise<(string | undefined)[]> {
  await app.start();
  const answer = await send(`${app.restServer.url}/products`, {method: 'POST'});
  assert.equal(answer.status, 204, answer.text);
  return (await shop.entries()).map(({tenantId}) => tenantId);
}

describe('the tenant of an entry, in a request,', () => {
  test('is that of the user whom LoopBack has authenticated', async () => {
    app.bind('security.user').to({tenantId: 'acme'});
    assert.deepEqual(await tenants(), ['acme', 'acme', 'acme']);
  });

  test('is that of the user whom loopback4-authentication has authenticated', async () => {
    app.bind('sf.userAuthentication.currentUser').to({tenantId: 7});
    assert.deepEqual(await tenants(), ['7', '7', '7']);
  });

  test('is none without a user, and none of a user without a tenant', async () => {
    app.bind('security.user').to({name: 'jane'});
    assert.deepEqual(await tenants(), [undefined, undefined, undefined]);
  });

  test("is what the host binds, told of the request, before any user's", async () => {
    app.bind('security.user').to({tenantId: 'acme', shop: 'corner'});
    app.bind(OWN_USER).to({id: 'jane', tenantId: 'acme'});
    app.bind(AuditBindings.TENANT).toDynamicValue(async ({context}: {context: Context}) => {
      const request = await context.get<{method: string}>('rest.http.request');
      const user = await context.get<{shop: string}>('security.user');
      return `${user.shop}-${request.method}`;
    });
    assert.deepEqual(await tenants(), ['corner-POST', 'corner-POST', 'corner-POST']);
  });

  test("is the current user's where what the host binds comes to nothing", async () => {
    app.bind('security.user').to({tenantId: 'acme'});
    app.bind(AuditBindings.TENANT).to(undefined);
    assert.deepEqual(await tenants(), ['acme', 'acme', 'acme']);
  });

  test("is that of the repository's current user where the request knows none", async () => {
    app.bind(OWN_USER).to({id: 'jane', tenantId: 'acme'});
    assert.deepEqual(await tenants(), ['acme', 'acme', undefined]);
  });

  test('is, of one repository, what its mixin names', async () => {
    app.bind('security.user').to({tenantId: 'acme'});
    app.bind(OPTIONS).to({tenantId: 'fixed'});
    assert.deepEqual(await tenants(), ['fixed', 'fixed', 'acme']);
  });
});

test('the tenant of a call wins over the context, and the context over the current user, also outside of requests', async () => {
  const products = productRepository(shop);
  products.getCurrentUser = async () => ({id: 'jane', tenantId: 'user'});
  await shop.db.admin.query('TRUNCATE audit_outbox');
  await products.create({name: 'a'});
  await withContext({tenantId: 'context'}, async () => {
    await products.create({name: 'b'});
    await products.create({name: 'c'}, {tenantId: 'call'});
  });
  assert.deepEqual(
    (await shop.entries()).map(({tenantId}) => tenantId),
    ['user', 'context', 'call'],
  );
});

test('the context gives the tenant to other deliveries as well', async () => {
  const sent: SinkEntry[] = [];
  const sink: AuditSink = {
    async deliver(entries) {
      sent.push(...entries);
    },
  };
  const products = productRepository(shop, {sink});
  await withContext({tenantId: 'acme'}, () => products.create({name: 'a'}));
  assert.equal(sent[0]?.tenantId, 'acme');
});

describe('from the outbox into the trail', () => {
  const relayed = async (tenant?: string) => {
    await shop.db.admin.query('TRUNCATE audit_outbox, audit_outbox_rejected');
    const products = productRepository(shop);
    const name = `trail of ${tenant}`;
    for (const tenantId of ['acme', 'rival']) {
      await withContext({tenantId}, () => products.create({name}));
    }
    await products.create({name});
    const relay = new OutboxRelay({
      dataSource: shop.dataSource,
      forward: relayIntoTrail(shop.db.database, tenant),
    });
    relay.start();
    await eventually('the outbox is empty', async () =>
      (await shop.entries()).length === 0 ? true : undefined,
    );
    await relay.stop();
    const stored = await shop.db.admin.query(
      "SELECT tenant_id FROM audit_logs WHERE after ->> 'name' = $1 ORDER BY acted_at",
      [name],
    );
    const rejected = await shop.db.admin.query('SELECT reason FROM audit_outbox_rejected');
    return {
      stored: stored.rows.map(row => row.tenant_id),
      rejected: rejected.rows.map(row => row.reason),
    };
  };

  test('with many tenants each entry enters the trail of its own, and one without a tenant is laid aside', async () => {
    assert.deepEqual(await relayed(), {
      stored: ['acme', 'rival'],
      rejected: ['The entry names no tenant.'],
    });
  });

  test('with a single tenant all enter its trail, where they are seen, whatever tenant they name', async () => {
    assert.deepEqual(await relayed('main'), {stored: ['main', 'main', 'main'], rejected: []});
  });
});

test('to a service each entry goes with the token of its tenant, one without a tenant into the trail of the token', async () => {
  const service = await startTestService();
  try {
    const sink = new HttpSink({
      url: service.url,
      token: tenantId => service.token({tenantId: tenantId ?? 'fallback'}),
    });
    const products = productRepository(shop, {sink});
    const tenants = ['acme', 'rival', 'acme', undefined, 'rival'];
    await Promise.all(
      tenants.map(tenantId =>
        withContext(tenantId === undefined ? {} : {tenantId}, () => products.create({name: 'far'})),
      ),
    );
    const {rows} = await service.db.admin.query(
      'SELECT tenant_id, count(*)::int AS n FROM audit_logs GROUP BY 1 ORDER BY 1',
    );
    assert.deepEqual(rows, [
      {tenant_id: 'acme', n: 2},
      {tenant_id: 'fallback', n: 1},
      {tenant_id: 'rival', n: 2},
    ]);
  } finally {
    await service.stop();
  }
});
