import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {Application, type Getter, inject} from '@loopback/core';
import {DefaultCrudRepository, juggler} from '@loopback/repository';
import {AuditRepositoryMixin, outboxSink, type User} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';

const CURRENT_USER = 'host.current-user';

class ProductRepository extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {
  sink: outboxSink,
}) {
  constructor(
    @inject('datasources.shop') dataSource: juggler.DataSource,
    @inject.getter(CURRENT_USER) public override getCurrentUser: Getter<User>,
  ) {
    super(Product, dataSource);
  }
}

let shop: Shop;
let app: Application;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());
beforeEach(() => {
  app = new Application();
  app.bind('datasources.shop').to(shop.dataSource);
  app.bind('repositories.products').toClass(ProductRepository);
});

/** What a change says of the actor. */
async function actor(): Promise<unknown[]> {
  const products = await app.get<ProductRepository>('repositories.products');
  await products.create({name: 'Chair'});
  const entry = (await shop.entries()).at(-1);
  return [entry?.actor, entry?.actorType];
}

describe('a getter of the current user that is not optional', () => {
  test('tells of nobody where nothing is bound to its key, as outside of requests', async () => {
    assert.deepEqual(await actor(), ['system', 'system']);
  });

  test('tells of the user where one is bound', async () => {
    app.bind(CURRENT_USER).to({id: 'jane'});
    assert.deepEqual(await actor(), ['jane', 'user']);
  });

  test('fails the change where the user is bound and cannot be had', async () => {
    app.bind(CURRENT_USER).toDynamicValue(() => {
      throw new Error('the session has no answer');
    });
    await assert.rejects(actor(), /the session has no answer/);
  });

  test('fails the change where something that the user depends on is not bound', async () => {
    class CurrentUser {
      constructor(@inject('host.session') readonly session: object) {}
    }
    app.bind(CURRENT_USER).toClass(CurrentUser);
    await assert.rejects(actor(), /'host.session' is not bound/);
    app.bind(CURRENT_USER).toDynamicValue(() => app.get<object>('host.session'));
    await assert.rejects(actor(), /'host.session' is not bound/);
  });
});
