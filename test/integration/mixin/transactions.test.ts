import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {DefaultCrudRepository, juggler, type Transaction} from '@loopback/repository';
import {
  AuditLog,
  AuditLogger,
  type AuditLogStore,
  AuditRepositoryMixin,
  type AuditSink,
  type IAuditMixin,
  outboxOf,
  repositorySink,
} from '@loopback-audit/audit-log';
import {openShop, Product, type ProductRepository, type Shop} from '../../support/audited-products';

let shop: Shop;
let entries: DefaultCrudRepository<AuditLog, string>;

before(async () => {
  shop = await openShop();
  entries = new DefaultCrudRepository(AuditLog, shop.dataSource);
  await shop.dataSource.automigrate(AuditLog.modelName);
});
after(() => shop.stop());
beforeEach(() => shop.db.admin.query('TRUNCATE product, audit_logs, audit_outbox'));

/** Does some work in a transaction of the host that is then rolled back, and in one that is committed. */
async function undoneAndDone(
  work: (transaction: Transaction, name: string) => Promise<unknown>,
): Promise<void> {
  const undone = (await shop.dataSource.beginTransaction({})) as Transaction;
  await work(undone, 'undone');
  await undone.rollback();
  const done = (await shop.dataSource.beginTransaction({})) as Transaction;
  await work(done, 'done');
  await done.commit();
}

describe('entries are a part of the transaction that they come with:', () => {
  /** Products whose audit logs are kept as SourceLoop's hosts keep them. */
  const productsWith = (store: AuditLogStore): ProductRepository => {
    class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository) {
      override getAuditLogRepository: IAuditMixin['getAuditLogRepository'] = async () => store;
    }
    return new Products(Product, shop.dataSource) as ProductRepository;
  };

  test('those of a repository of audit logs on the datasource of the change', async () => {
    const products = productsWith(entries);
    await undoneAndDone((transaction, name) => products.create({name}, {transaction}));
    assert.deepEqual(
      (await entries.find()).map(({after}) => after?.name),
      ['done'],
    );
  });

  test('those of a repository of audit logs elsewhere follow its end', async () => {
    const elsewhere = new DefaultCrudRepository(
      AuditLog,
      new juggler.DataSource({name: 'AuditDB', connector: 'memory'}),
    );
    const products = productsWith(elsewhere);
    await undoneAndDone((transaction, name) => products.create({name}, {transaction}));
    assert.deepEqual(
      (await elsewhere.find()).map(({after}) => after?.name),
      ['done'],
    );
  });

  for (const [what, sinkOf, stored] of [
    [
      'those of the logger in the outbox',
      () => outboxOf(shop.dataSource),
      async () => (await shop.entries()).map(({reason}) => reason),
    ],
    [
      'those of the logger in the outbox of one of several datasources',
      () => outboxOf(new juggler.DataSource({name: 'other', connector: 'memory'}), shop.dataSource),
      async () => (await shop.entries()).map(({reason}) => reason),
    ],
    [
      'those of the logger in a repository of audit logs',
      () => repositorySink(async () => entries),
      async () => (await entries.find()).map(({reason}) => reason),
    ],
  ] as [string, () => AuditSink, () => Promise<(string | undefined)[]>][]) {
    test(what, async () => {
      const logger = new AuditLogger(sinkOf());
      await undoneAndDone((transaction, reason) =>
        logger.record({action: 'order.pay', reason}, {transaction}),
      );
      assert.deepEqual(await stored(), ['done']);
    });
  }

  test('without a transaction the logger records at once', async () => {
    await new AuditLogger(outboxOf(shop.dataSource)).record({action: 'order.pay'});
    assert.equal((await shop.entries()).length, 1);
  });
});
