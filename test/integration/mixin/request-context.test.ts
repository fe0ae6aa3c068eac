import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {inject} from '@loopback/core';
import {DefaultCrudRepository, RepositoryMixin} from '@loopback/repository';
import {post, RestApplication} from '@loopback/rest';
import {
  AuditBindings,
  AuditLogComponent,
  type AuditLogger,
  AuditRepositoryMixin,
  currentContext,
} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';

class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository) {}

class ProductController {
  constructor(@inject(AuditBindings.LOGGER) private readonly audit: AuditLogger) {}

  @post('/products/{id}/praise')
  async praise(): Promise<void> {
    await new Products(Product, shop.dataSource).create({name: 'Chair', password: 'p', detail: {salary: 1}});
    await this.audit.record({action: 'product.praise'});
  }
}

let shop: Shop;
let app: RestApplication;
before(async () => {
  shop = await openShop();
  app = new (class extends RepositoryMixin(RestApplication) {})({
    shutdown: {signals: []},
    rest: {host: '127.0.0.1', port: 0},
  });
  app.bind('datasources.shop').to(shop.dataSource);
  app.configure(AuditBindings.COMPONENT).to({outbox: ['shop'], masks: {mask: ['salary']}});
  app.component(AuditLogComponent);
  app.controller(ProductController);
  await app.start();
});
after(async () => {
  await app.stop();
  await shop.stop();
});

test('what a request changes and records carries its id, trace, address, user agent, method and path', async () => {
  const response = await fetch(`${app.restServer.url}/products/7/praise?secret=1`, {
    method: 'POST',
    headers: {
      'x-request-id': 'r-1',
      'user-agent': 'curl/8',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
  });
  assert.equal(response.status, 204, await response.text());
  const entries = await shop.entries();
  assert.deepEqual(
    entries.map(({action}) => action),
    ['INSERT_ONE', 'product.praise'],
  );
  for (const {requestId, traceId, ip, userAgent, method, path} of entries) {
    assert.deepEqual(
      {requestId, traceId, ip, userAgent, method, path},
      {
        requestId: 'r-1',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        ip: '127.0.0.1',
        userAgent: 'curl/8',
        method: 'POST',
        path: '/products/7/praise',
      },
    );
  }
  assert.deepEqual(entries[0]?.after?.detail, {salary: '[withheld]'}, 'the application says what is masked');
  assert.deepEqual(currentContext(), {}, 'and nothing of it is left behind');
});

test('a request without an id is given one, and its entries share it', async () => {
  await shop.db.admin.query('TRUNCATE audit_outbox');
  await fetch(`${app.restServer.url}/products/7/praise`, {method: 'POST'});
  const ids = (await shop.entries()).map(({requestId}) => requestId);
  assert.equal(ids.length, 2);
  assert.match(ids[0] ?? '', /^[\da-f-]{36}$/);
  assert.equal(ids[0], ids[1]);
});
