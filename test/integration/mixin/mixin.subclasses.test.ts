import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {
  type Count,
  createHasManyRepositoryFactory,
  type DataObject,
  DefaultCrudRepository,
  Entity,
  type HasManyDefinition,
  hasMany,
  model,
  type Options,
  property,
  type Where,
} from '@loopback/repository';
import {AuditRepositoryMixin, ConditionalAuditRepositoryMixin, outboxSink} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';

let shop: Shop;
before(async () => {
  shop = await openShop();
  await shop.db.admin.query(`
    CREATE TABLE customer (id serial PRIMARY KEY, name text);
    CREATE TABLE purchase (id serial PRIMARY KEY, customerid int, item text, deleted boolean DEFAULT false);`);
});
after(() => shop.stop());
beforeEach(() => shop.db.admin.query('TRUNCATE product, customer, purchase, audit_outbox RESTART IDENTITY'));

const options = {sink: outboxSink};
const told = async () =>
  (await shop.entries()).map(({action, actedOn, entityId}) => `${action} ${actedOn} ${entityId}`);

@model({settings: {postgresql: {table: 'purchase'}}})
class Purchase extends Entity {
  @property({type: 'number', id: true, generated: true})
  id?: number;

  @property({type: 'number', postgresql: {columnName: 'customerid'}})
  customerId?: number;

  @property({type: 'string'})
  item?: string;

  @property({type: 'boolean'})
  deleted?: boolean;

  constructor(data?: Partial<Purchase>) {
    super(data);
  }
}

@model({settings: {postgresql: {table: 'customer'}}})
class Customer extends Entity {
  @property({type: 'number', id: true, generated: true})
  id?: number;

  @property({type: 'string'})
  name?: string;

  @hasMany(() => Purchase, {keyTo: 'customerId'})
  purchases?: Purchase[];

  constructor(data?: Partial<Customer>) {
    super(data);
  }
}

/** A repository that marks rows instead of removing them, as loopback4-soft-delete does. */
class SoftRepository extends DefaultCrudRepository<Purchase, number> {
  override async deleteById(id: number, given?: Options): Promise<void> {
    await super.updateById(id, {deleted: true}, given);
  }

  override deleteAll(where?: Where<Purchase>, given?: Options): Promise<Count> {
    return super.updateAll({deleted: true}, where, given);
  }

  deleteByIdHard(id: number, given?: Options): Promise<void> {
    return super.deleteById(id, given);
  }

  undoSoftDeleteById(id: number, given?: Options): Promise<void> {
    return super.updateById(id, {deleted: false}, given);
  }
}

describe('AuditRepositoryMixin over other classes', () => {
  test('a subclass that overrides a method, and drops the options, is recorded once', async () => {
    class Base extends DefaultCrudRepository<Product, number> {
      override async create(entity: DataObject<Product>): Promise<Product> {
        return super.create({...entity, state: 'checked'});
      }
    }
    class Audited extends AuditRepositoryMixin<Product, number, object, string, typeof Base>(Base, options) {}
    class Own extends Audited {
      override async create(entity: DataObject<Product>): Promise<Product> {
        return super.create({...entity, price: 1});
      }
    }
    await new Own(Product, shop.dataSource).create({name: 'Chair'});
    assert.deepEqual(await told(), ['INSERT_ONE Product 1']);
    assert.deepEqual((await shop.entries())[0]?.after?.state, 'checked');
  });

  test('what is written through a relation is recorded as the change that it is', async () => {
    class Purchases extends AuditRepositoryMixin<Purchase, number>(DefaultCrudRepository, options) {}
    class Customers extends AuditRepositoryMixin<Customer, number>(DefaultCrudRepository, options) {}
    const customers = new Customers(Customer, shop.dataSource);
    const purchases = new Purchases(Purchase, shop.dataSource);
    const {id} = await customers.create({name: 'Jane'});
    const definition = Customer.definition.relations.purchases as HasManyDefinition;
    const of = createHasManyRepositoryFactory<Purchase, number, number>(
      definition,
      async () => purchases,
    )(id ?? 0);
    await of.create({item: 'Chair'});
    await of.create({item: 'Table'});
    await of.patch({item: 'Stool'}, {item: 'Chair'});
    await of.delete({item: 'Table'});
    assert.deepEqual(await told(), [
      'INSERT_ONE Customer 1',
      'INSERT_ONE Purchase 1',
      'INSERT_ONE Purchase 2',
      'UPDATE_MANY Purchase 1',
      'DELETE_MANY Purchase 2',
    ]);
    assert.equal(
      (await shop.entries()).at(0)?.after?.purchases,
      undefined,
      'relations are no part of a state',
    );
  });

  test('a soft delete is a deletion that leaves its row, and restoring and removing are recorded too', async () => {
    class Audited extends AuditRepositoryMixin<Purchase, number, object, string, typeof SoftRepository>(
      SoftRepository,
      options,
    ) {}
    const purchases = new Audited(Purchase, shop.dataSource);
    const {id = 0} = await purchases.create({item: 'Chair'});
    await purchases.deleteById(id);
    await purchases.undoSoftDeleteById(id);
    await purchases.deleteAll({item: 'Chair'});
    await purchases.deleteByIdHard(id);
    assert.deepEqual(await told(), [
      'INSERT_ONE Purchase 1',
      'DELETE_ONE Purchase 1',
      'UPDATE_ONE Purchase 1',
      'DELETE_MANY Purchase 1',
      'DELETE_ONE Purchase 1',
    ]);
    const [, soft, , , hard] = await shop.entries();
    assert.deepEqual([soft?.before?.deleted, soft?.after?.deleted], [false, true]);
    assert.deepEqual([hard?.before?.deleted, hard?.after], [true, undefined]);
  });

  test('two callers that change one row record each what it found and what it left', async () => {
    class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, options) {}
    const products = new Products(Product, shop.dataSource);
    const {id = 0} = await products.create({name: 'v0'});
    await Promise.all(Array.from({length: 30}, (_, i) => products.updateById(id, {name: `v${i + 1}`})));
    const entries = (await shop.entries()).slice(1);
    assert.equal(entries.length, 30);
    let name: unknown = 'v0';
    for (const entry of entries) {
      assert.equal(entry.before?.name, name, 'each begins where the one before it ended');
      name = entry.after?.name;
    }
    assert.equal((await products.findById(id)).name, name);
  });

  test('without ADD_AUDIT_LOG_MIXIN the conditional mixin is the class as it is', async () => {
    const kept = process.env.ADD_AUDIT_LOG_MIXIN;
    delete process.env.ADD_AUDIT_LOG_MIXIN;
    class Unrecorded extends ConditionalAuditRepositoryMixin<Product, number>(
      DefaultCrudRepository,
      options,
    ) {}
    assert.equal(Unrecorded.prototype.create, DefaultCrudRepository.prototype.create);
    await new Unrecorded(Product, shop.dataSource).create({name: 'Table'});
    assert.deepEqual(await told(), []);
    process.env.ADD_AUDIT_LOG_MIXIN = 'true';
    class Products extends ConditionalAuditRepositoryMixin<Product, number>(DefaultCrudRepository, options) {}
    await new Products(Product, shop.dataSource).create({name: 'Chair'});
    assert.deepEqual(await told(), ['INSERT_ONE Product 2']);
    if (kept === undefined) delete process.env.ADD_AUDIT_LOG_MIXIN;
    else process.env.ADD_AUDIT_LOG_MIXIN = kept;
  });
});
