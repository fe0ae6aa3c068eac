import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {
  openShop,
  Product,
  type ProductRepository,
  productRepository,
  type Shop,
} from '../../support/audited-products';

describe('AuditRepositoryMixin', () => {
  let shop: Shop;
  let products: ProductRepository;

  before(async () => {
    shop = await openShop();
  });
  after(() => shop.stop());
  beforeEach(async () => {
    await shop.db.admin.query('TRUNCATE product, audit_outbox RESTART IDENTITY');
    products = productRepository(shop, {actionKey: 'Product_Logs'});
    products.getCurrentUser = async () => ({id: 'jane', username: 'Jane', tenantId: 'acme'});
  });

  const recorded = async () =>
    (await shop.entries()).map(({action, entityId, before: was, after: is, changedFields}) => ({
      action,
      entityId,
      ...(was && {before: was}),
      ...(is && {after: is}),
      changedFields,
    }));
  const clear = () => shop.db.admin.query('TRUNCATE audit_outbox');

  test('create records the row as the database holds it, with defaults, and withholds hidden properties', async () => {
    const created = await products.create({name: 'Chair', price: 10.5, password: 'hush'});
    const [entry, ...more] = await shop.entries();
    assert.deepEqual(more, []);
    assert.equal(entry?.actor, 'jane');
    assert.equal(entry?.actorName, 'Jane');
    assert.equal(entry?.tenantId, 'acme');
    assert.equal(entry?.actedOn, 'Product');
    assert.equal(entry?.actionKey, 'Product_Logs');
    assert.equal(entry?.action, 'INSERT_ONE');
    assert.equal(entry?.entityId, String(created.id));
    assert.equal(entry?.after?.state, 'new');
    assert.equal(entry?.after?.password, '[withheld]');
    assert.ok(entry?.changedFields?.includes('password'));
  });

  test('createAll records each row once', async () => {
    await products.createAll(Array.from({length: 1_200}, (_, i) => ({name: `p${i}`})));
    const entries = await shop.entries();
    assert.equal(entries.length, 1_200);
    assert.deepEqual(new Set(entries.map(({action}) => action)), new Set(['INSERT_MANY']));
    assert.equal(new Set(entries.map(({entityId}) => entityId)).size, 1_200);
  });

  test('updateById records what changed, by value', async () => {
    const {id = 0} = await products.create({name: 'Chair', price: 10, detail: {a: [1, {b: 2}]}});
    await clear();
    await products.updateById(id, {price: 10, name: 'Stool', detail: {a: [1, {b: 2}]}});
    const [entry] = await recorded();
    assert.equal(entry?.action, 'UPDATE_ONE');
    assert.deepEqual(entry?.changedFields, ['name']);
    assert.equal(entry?.before?.name, 'Chair');
    assert.equal(entry?.after?.name, 'Stool');
  });

  test('a change that leaves a row as it was gives no entry, unless it is asked for', async () => {
    const {id = 0} = await products.create({name: 'Chair'});
    await clear();
    await products.updateById(id, {name: 'Chair'});
    assert.deepEqual(await shop.entries(), []);
    await productRepository(shop, {recordUnchanged: true}).updateById(id, {name: 'Chair'});
    assert.deepEqual(
      (await recorded()).map(({changedFields}) => changedFields),
      [[]],
    );
  });

  test('updateAll records the rows that its own change moves out of its where', async () => {
    await products.createAll(['a', 'b', 'c'].map(name => ({name, state: 'new'})));
    await clear();
    const {count} = await products.updateAll({state: 'sold'}, {state: 'new'});
    assert.equal(count, 3);
    const entries = await recorded();
    assert.deepEqual(
      entries.map(({action, changedFields}) => [action, changedFields]),
      Array(3).fill(['UPDATE_MANY', ['state']]),
    );
  });

  test('updateAll pages through its rows and counts them all', async () => {
    await shop.db.admin.query("INSERT INTO product (name) SELECT 'p' || i FROM generate_series(1, 1750) i");
    const {count} = await products.updateAll({price: 1});
    assert.equal(count, 1_750);
    assert.equal((await shop.entries()).length, 1_750);
  });

  test('replaceById, save, update and delete record one entry each', async () => {
    const chair = await products.create({name: 'Chair', price: 1});
    const id = chair.id ?? 0;
    await clear();
    await products.replaceById(id, new Product({id, name: 'Table'}));
    await products.save(new Product({id, name: 'Desk'}));
    await products.save(new Product({name: 'New'}));
    await products.update(new Product({id, name: 'Shelf'}));
    await products.delete(new Product({id, name: 'Shelf'}));
    assert.deepEqual(
      (await recorded()).map(({action}) => action),
      ['UPDATE_ONE', 'UPDATE_ONE', 'INSERT_ONE', 'UPDATE_ONE', 'DELETE_ONE'],
    );
  });

  test('deleteById and deleteAll record what was there', async () => {
    const all = await products.createAll(['a', 'b', 'c'].map(name => ({name})));
    await clear();
    await products.deleteById(all[0]?.id ?? 0);
    await products.deleteAll({name: {inq: ['b', 'c']}});
    const entries = await recorded();
    assert.deepEqual(
      entries.map(({action, before: was}) => [action, was?.name]),
      [
        ['DELETE_ONE', 'a'],
        ['DELETE_MANY', 'b'],
        ['DELETE_MANY', 'c'],
      ],
    );
    assert.ok(entries.every(entry => !('after' in entry)));
  });

  test('a rollback of the caller takes the entries with it', async () => {
    const transaction = await shop.dataSource.beginTransaction({});
    await products.create({name: 'Chair'}, {transaction});
    await transaction.rollback();
    assert.deepEqual(await shop.entries(), []);
    assert.equal((await products.count()).count, 0);
  });

  test('an update of a row that is not there fails as it does without the mixin, and records nothing', async () => {
    await assert.rejects(products.updateById(4711, {name: 'x'}), {code: 'ENTITY_NOT_FOUND'});
    assert.deepEqual(await shop.entries(), []);
  });

  test('noAudit records nothing, and the options of the caller stay as they are', async () => {
    const options = Object.freeze({noAudit: true});
    const {id = 0} = await products.create({name: 'Chair'}, options);
    await products.updateById(id, {name: 'Stool'}, options);
    assert.deepEqual(await shop.entries(), []);
    await products.updateById(id, {name: 'Sofa'}, Object.freeze({actorId: 'bob', description: 'moved'}));
    const [entry] = await shop.entries();
    assert.deepEqual([entry?.actor, entry?.description], ['bob', 'moved']);
  });

  test('where there is no user the actor is the system', async () => {
    products.getCurrentUser = undefined;
    await products.create({name: 'Chair'});
    const [entry] = await shop.entries();
    assert.deepEqual([entry?.actor, entry?.actorType], ['system', 'system']);
  });
});
