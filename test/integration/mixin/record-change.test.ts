import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import {DefaultCrudRepository, type Options, type Transaction} from '@loopback/repository';
import {
  AuditRepositoryMixin,
  AuditRequiredError,
  type AuditSink,
  ConditionalAuditRepositoryMixin,
  deliveryFailures,
  type IAuditMixinOptions,
  outboxSink,
  type SinkEntry,
  withContext,
} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';

let shop: Shop;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());
beforeEach(() => shop.db.admin.query('TRUNCATE product, audit_outbox RESTART IDENTITY'));

const begun: Transaction[] = [];
const begin = async (): Promise<Transaction> => {
  const transaction = (await shop.dataSource.beginTransaction({})) as Transaction;
  begun.push(transaction);
  return transaction;
};
// What a failed test has left open would hold its rows against the next one.
afterEach(async () => {
  for (const transaction of begun.splice(0)) if (transaction.isActive()) await transaction.rollback();
});

function repository(options: IAuditMixinOptions = {}) {
  class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {
    sink: outboxSink,
    ...options,
  }) {
    override getCurrentUser = async () => ({id: 'jane', tenantId: 'acme'});
  }
  return new Products(Product, shop.dataSource);
}
type Products = ReturnType<typeof repository>;

/** Raises a price by SQL and tells of it. */
async function raise(products: Products, id: number, options: Options = {}): Promise<void> {
  const sql = 'UPDATE product SET price = price + 1 WHERE id = $1 RETURNING price';
  const {rows} = (await products.execute(sql, [id], options)) as {rows: {price: string}[]};
  const price = Number(rows[0]?.price);
  const states = {before: {price: price - 1}, after: {price}};
  await products.recordChange({action: 'UPDATE_ONE', entityId: id, ...states}, options);
}

const seeded = async (): Promise<number> => {
  const {rows} = await shop.db.admin.query(
    "INSERT INTO product (name, price, password) VALUES ('Chair', 10, 'p') RETURNING id",
  );
  return rows[0].id;
};
const priceOf = async (id: number) =>
  Number((await shop.db.admin.query('SELECT price FROM product WHERE id = $1', [id])).rows[0].price);

/** What an entry says, its id and time aside. */
const said = ({id: _id, actedAt: _actedAt, ...entry}: SinkEntry) => entry;

/** As a journal has them. */
const deliveries = ['required', 'durable', 'background'] as const;
const collecting = () => {
  const sent: SinkEntry[] = [];
  const sink: AuditSink = {
    deliveries,
    async deliver(entries) {
      sent.push(...entries);
    },
  };
  return {sent, sink};
};
const failing: AuditSink = {
  deliveries,
  async deliver() {
    throw new Error('no');
  },
};

describe('recordChange, in the outbox', () => {
  test('is committed with the SQL that it tells of', async () => {
    const products = repository();
    const id = await seeded();
    const transaction = await begin();
    await raise(products, id, {transaction});
    assert.deepEqual(await shop.entries(), [], 'nobody else sees it before the commit');
    await transaction.commit();
    assert.equal(await priceOf(id), 11);
    const [entry, ...more] = await shop.entries();
    assert.deepEqual(more, []);
    assert.deepEqual(entry && said(entry), {
      ...{action: 'UPDATE_ONE', actedOn: 'Product', entityId: String(id)},
      ...{actor: 'jane', actorType: 'user', tenantId: 'acme'},
      before: {id, price: 10},
      after: {id, price: 11},
      changedFields: ['price'],
    });
  });

  test('is rolled back with the SQL that it tells of', async () => {
    const id = await seeded();
    const transaction = await begin();
    await raise(repository(), id, {transaction});
    await transaction.rollback();
    assert.equal(await priceOf(id), 10);
    assert.deepEqual(await shop.entries(), []);
  });

  test('says of a row what a method of the repository says of it', async () => {
    const products = repository({actionKey: 'Product_Logs', mask: ['price'], ignore: ['modifiedOn']});
    const options = {actionGroup: 'sale', actorId: 'joe'};
    const state = {price: 5, password: 'p', modifiedOn: new Date(0), detail: {pin: '1', size: 2}};
    await withContext({requestId: 'r-1', ip: '192.0.2.1'}, async () => {
      const made = await products.create({name: 'Chair', ...state}, options);
      const id = made.id ?? 0;
      const whole = {name: 'Chair', ...state, state: 'new'};
      const changed = {...whole, price: 6, password: 'q', modifiedOn: new Date(1)};
      await products.updateById(id, changed, options);
      await products.deleteById(id, options);
      await products.recordChange({action: 'INSERT_ONE', entityId: id, after: whole}, options);
      await products.recordChange(
        {action: 'UPDATE_ONE', entityId: id, before: whole, after: changed},
        options,
      );
      await products.recordChange({action: 'DELETE_ONE', entityId: id, before: changed}, options);
    });
    const order = (entry: SinkEntry) => ({...said(entry), changedFields: entry.changedFields?.toSorted()});
    const entries = (await shop.entries()).map(order);
    assert.equal(entries.length, 6);
    assert.deepEqual(entries.slice(3), entries.slice(0, 3));
    const [, update] = entries;
    assert.deepEqual(update?.changedFields, ['password', 'price']);
    assert.deepEqual([update?.after?.price, update?.after?.password], ['[withheld]', '[withheld]']);
    assert.deepEqual(update?.after?.detail, {pin: '[withheld]', size: 2});
    assert.equal(update?.after && 'modifiedOn' in update.after, false);
    assert.deepEqual(
      [update?.actor, update?.actionKey, update?.actionGroup, update?.requestId],
      ['joe', 'Product_Logs', 'sale', 'r-1'],
    );
  });

  test('without a transaction of the caller has one of its own, for all of its changes or none', async () => {
    const products = repository();
    const changes = Array.from({length: 5}, (_, i) => ({
      action: 'DELETE_MANY' as const,
      entityId: i + 1,
      before: {name: `n${i}`},
      ...(i === 2 && {reason: 'broken'}),
    }));
    await products.recordChange(changes, {reason: 'sold'});
    const told = (await shop.entries()).map(({entityId, reason}) => `${entityId} ${reason}`);
    assert.deepEqual(told, ['1 sold', '2 sold', '3 broken', '4 sold', '5 sold']);

    await shop.db.admin.query('TRUNCATE audit_outbox');
    await shop.db.admin.query(
      `ALTER TABLE audit_outbox ADD CONSTRAINT no CHECK (entry->>'reason' <> 'broken')`,
    );
    try {
      await assert.rejects(products.recordChange(changes, {reason: 'sold'}), AuditRequiredError);
      assert.deepEqual(await shop.entries(), []);
    } finally {
      await shop.db.admin.query('ALTER TABLE audit_outbox DROP CONSTRAINT no');
    }
  });

  test('gives no entry where nothing changed, or only what is ignored, unless the mixin keeps such rows', async () => {
    const same = {
      action: 'UPDATE_ONE',
      entityId: 1,
      before: {name: 'a', price: 1},
      after: {name: 'a', price: 2},
    } as const;
    await repository({ignore: ['price']}).recordChange([same, same]);
    await repository().recordChange([]);
    assert.deepEqual(await shop.entries(), []);
    await repository({ignore: ['price'], recordUnchanged: true}).recordChange(same);
    assert.deepEqual((await shop.entries())[0]?.changedFields, []);
  });

  test('records nothing with noAudit', async () => {
    await repository().recordChange({action: 'DELETE_ONE', entityId: 1, before: {}}, {noAudit: true});
    assert.deepEqual(await shop.entries(), []);
  });

  test('records a deletion of which nothing but the id is known', async () => {
    await repository().recordChange({action: 'DELETE_ONE', entityId: 7, before: {}});
    assert.deepEqual((await shop.entries())[0]?.before, {id: 7});
  });

  test('takes entities, and numbers that the driver gave as text', async () => {
    const id = await seeded();
    const products = repository();
    const found = await products.findById(id);
    const sql = 'UPDATE product SET price = 12.5 RETURNING price';
    const {rows} = (await products.execute(sql)) as {rows: {price: string}[]};
    const [row] = rows;
    assert.equal(typeof row?.price, 'string');
    await products.recordChange({
      action: 'UPDATE_ONE',
      entityId: id,
      before: found,
      after: {...found, ...(row as object)},
    });
    const [entry] = await shop.entries();
    assert.deepEqual([entry?.before?.price, entry?.after?.price], [10, 12.5]);
    assert.deepEqual(entry?.changedFields, ['price']);
    assert.equal(entry?.before?.password, '[withheld]');
  });

  test('is heard in the midst of another operation of the repository', async () => {
    const collected = collecting();
    class Cascading extends DefaultCrudRepository<Product, number> {
      override async deleteById(id: number, options?: Options): Promise<void> {
        await this.execute('UPDATE product SET price = 0', [], options);
        const told = {action: 'UPDATE_MANY', entityId: 99, before: {price: 1}, after: {price: 0}};
        await (this as unknown as Products).recordChange(told as never, options);
        await super.deleteById(id, options);
      }
    }
    class Audited extends AuditRepositoryMixin<Product, number, object, string, typeof Cascading>(Cascading, {
      sink: collected.sink,
    }) {}
    await new Audited(Product, shop.dataSource).deleteById(await seeded());
    assert.deepEqual(
      collected.sent.map(({action, entityId}) => `${action} ${entityId}`),
      ['UPDATE_MANY 99', 'DELETE_ONE 1'],
    );
  });
});

describe('recordChange refuses, and records nothing of,', () => {
  for (const [what, change] of [
    ['a change without an id', {action: 'UPDATE_ONE', entityId: undefined, after: {name: 'a'}}],
    ['names of columns', {action: 'UPDATE_ONE', entityId: 1, after: {modifiedon: new Date()}}],
  ] as const) {
    test(what, async () => {
      const products = repository();
      const good = {action: 'DELETE_ONE', entityId: 1, before: {}} as const;
      await assert.rejects(products.recordChange([good, change as never]), TypeError);
      assert.deepEqual(await shop.entries(), []);
    });
  }
});

describe('recordChange, delivered otherwise', () => {
  test('required: where the entry cannot be stored the SQL is not committed', async () => {
    const products = repository({sink: failing});
    const id = await seeded();
    const transaction = await begin();
    await raise(products, id, {transaction});
    await assert.rejects(transaction.commit() as Promise<void>, AuditRequiredError);
    assert.equal(await priceOf(id), 10);
  });

  test('required: the entry is stored when the commit comes', async () => {
    const {sent, sink} = collecting();
    const transaction = await begin();
    await raise(repository({sink}), await seeded(), {transaction});
    assert.equal(sent.length, 0);
    await transaction.commit();
    assert.equal(sent.length, 1);
  });

  for (const delivery of ['durable', 'background'] as const) {
    test(`${delivery}: the entry goes out after the commit of the caller, and not after its rollback`, async () => {
      const {sent, sink} = collecting();
      const products = repository({sink, delivery});
      const id = await seeded();
      const undone = await begin();
      await raise(products, id, {transaction: undone});
      await undone.rollback();
      const done = await begin();
      await raise(products, id, {transaction: done});
      assert.equal(sent.length, 0);
      await done.commit();
      await eventually('the entry is sent', async () => (sent.length > 0 ? true : undefined));
      assert.deepEqual(
        sent.map(entry => entry.after?.price),
        [11],
      );
    });

    test(`${delivery}: a failure is reported, for the SQL stands`, async () => {
      const products = repository({sink: failing});
      const count = deliveryFailures.count;
      await raise(products, await seeded(), {auditDelivery: delivery});
      await eventually('the failure is told', async () =>
        deliveryFailures.count === count + 1 ? true : undefined,
      );
    });
  }
});

test('recordChange of the conditional mixin records where the environment says so, and is silent elsewhere', async () => {
  const kept = process.env.ADD_AUDIT_LOG_MIXIN;
  const record = async () => {
    class Products extends ConditionalAuditRepositoryMixin<Product, number>(DefaultCrudRepository, {
      sink: outboxSink,
    }) {}
    const change = {action: 'DELETE_ONE', entityId: 1, before: {name: 'a'}} as const;
    await new Products(Product, shop.dataSource).recordChange(change);
    return (await shop.entries()).length;
  };
  try {
    delete process.env.ADD_AUDIT_LOG_MIXIN;
    assert.equal(await record(), 0);
    process.env.ADD_AUDIT_LOG_MIXIN = 'true';
    assert.equal(await record(), 1);
  } finally {
    if (kept === undefined) delete process.env.ADD_AUDIT_LOG_MIXIN;
    else process.env.ADD_AUDIT_LOG_MIXIN = kept;
  }
});
