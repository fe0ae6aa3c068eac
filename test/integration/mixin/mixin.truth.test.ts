import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {DefaultCrudRepository, Entity, juggler, model, property} from '@loopback/repository';
import {
  AuditRepositoryMixin,
  AuditRequiredError,
  type AuditSink,
  outboxSink,
  type SinkEntry,
} from '@loopback-audit/audit-log';
import {openShop, Product, type ProductRepository, type Shop} from '../../support/audited-products';

/** A model whose columns are what hosts have, names and types that are easily mistaken among them. */
@model({settings: {postgresql: {table: 'thing'}}})
class Thing extends Entity {
  @property({type: 'string', id: true, postgresql: {dataType: 'bigint'}})
  id!: string;
  @property({type: 'string', postgresql: {dataType: 'numeric'}})
  amount?: string;
  @property({type: 'object'})
  settings?: object;
  @property({type: 'date', postgresql: {columnName: 'happened WHERE RETURNING', dataType: 'timestamptz'}})
  happened?: Date | string;
  @property({type: 'date', postgresql: {dataType: 'date'}})
  day?: Date | string;
  @property({type: 'string'})
  held?: string;
  constructor(data?: Partial<Thing>) {
    super(data);
  }
}

@model({settings: {postgresql: {table: 'refresh_token'}}})
class RefreshToken extends Entity {
  @property({type: 'string', id: true})
  token!: string;
  @property({type: 'string'})
  device?: string;
  constructor(data?: Partial<RefreshToken>) {
    super(data);
  }
}

@model({settings: {postgresql: {table: 'seat'}}})
class Seat extends Entity {
  @property({type: 'number', id: true, postgresql: {columnName: 'row'}})
  row!: number;
  @property({type: 'string', id: true})
  letter!: string;
  @property({type: 'string'})
  guest?: string;
  constructor(data?: Partial<Seat>) {
    super(data);
  }
}

@model({settings: {postgresql: {table: 'odd'}}})
class Odd extends Entity {
  @property({type: 'number', id: true})
  id!: number;
  @property({type: 'number', postgresql: {dataType: 'json'}})
  level?: number;
  @property({type: 'string'})
  name?: string;
  constructor(data?: Partial<Odd>) {
    super(data);
  }
}

const SECRET = 'hunter2';
let shop: Shop;
let collected: SinkEntry[];
const collecting: AuditSink = {
  async deliver(entries) {
    collected.push(...entries);
  },
};

before(async () => {
  shop = await openShop();
  await shop.db.admin.query(`
    CREATE TABLE thing (id bigint PRIMARY KEY, amount numeric, settings text,
      "happened WHERE RETURNING" timestamptz, day date, held text);
    CREATE TABLE refresh_token (token text PRIMARY KEY, device text);
    CREATE TABLE seat ("row" int, letter text, guest text, PRIMARY KEY ("row", letter));
    CREATE TABLE odd (id int PRIMARY KEY, level json, name text);
    CREATE TABLE parent (id int PRIMARY KEY);
    ALTER TABLE product ADD parent int DEFAULT NULL REFERENCES parent DEFERRABLE INITIALLY DEFERRED`);
});
after(() => shop.stop());
beforeEach(async () => {
  collected = [];
  await shop.db.admin.query(
    'TRUNCATE product, odd, thing, refresh_token, seat, audit_outbox RESTART IDENTITY',
  );
});

/** Both ways in which the statements tell: into the outbox, and to the client. */
const WAYS = {
  'by the outbox': {sink: outboxSink, told: () => shop.entries()},
  'by the client': {sink: collecting, told: async () => collected},
};

const products = (sink: AuditSink, superClass = DefaultCrudRepository<Product, number>) => {
  class Products extends AuditRepositoryMixin<Product, number, object, string, typeof superClass>(
    superClass,
    {sink},
  ) {}
  return new Products(Product, shop.dataSource) as unknown as ProductRepository;
};

for (const [way, {sink, told}] of Object.entries(WAYS)) {
  describe(`what is recorded ${way}`, () => {
    class Things extends AuditRepositoryMixin<Thing, string>(DefaultCrudRepository, {sink}) {}
    const things = () => new Things(Thing, shop.dataSource);

    test('numbers that JavaScript cannot hold are told to the last digit', async () => {
      await things().create(new Thing({id: '9007199254740993', amount: '12345678901234567890.12'}));
      await things().updateById('9007199254740993', {amount: '12345678901234567890.13'});
      const [, changed] = await told();
      assert.equal(changed?.entityId, '9007199254740993');
      assert.equal(changed?.before?.amount, '12345678901234567890.12');
      assert.equal(changed?.after?.amount, '12345678901234567890.13');
    });

    test('an object in a column of text is a document, and its secrets are withheld', async () => {
      await things().create(new Thing({id: '1', settings: {theme: 'dark', password: SECRET}}));
      const [made] = await told();
      assert.deepEqual(made?.after?.settings, {theme: 'dark', password: '[withheld]'});
      assert.doesNotMatch(JSON.stringify(await told()), new RegExp(SECRET));
    });

    test('moments are told with their microseconds; a day, and no end, as what they are', async () => {
      await shop.db.admin.query(
        `INSERT INTO thing (id, amount, settings, "happened WHERE RETURNING", day) VALUES (1, NULL, NULL, '2026-01-02 03:04:05.678901+05', '2026-01-02'),
           (2, NULL, NULL, 'infinity', 'infinity'), (3, NULL, NULL, '2026-01-02 03:04:05.6Z', NULL)`,
      );
      await things().updateAll({held: 'yes'});
      const rows = [...(await told())].sort((a, b) => String(a.entityId).localeCompare(String(b.entityId)));
      assert.deepEqual(
        rows.map(({before}) => [before?.happened, before?.day]),
        [
          ['2026-01-01T22:04:05.678901Z', '2026-01-02'],
          ['infinity', 'infinity'],
          ['2026-01-02T03:04:05.600Z', null],
        ],
      );
      assert.deepEqual(
        rows.flatMap(({changedFields}) => changedFields),
        ['held', 'held', 'held'],
      );
    });

    test('an id that must not be shown is told by its digest', async () => {
      class Tokens extends AuditRepositoryMixin<RefreshToken, string>(DefaultCrudRepository, {sink}) {}
      const tokens = new Tokens(RefreshToken, shop.dataSource);
      await tokens.create(new RefreshToken({token: SECRET, device: 'phone'}));
      await tokens.deleteById(SECRET);
      const [made, removed] = await told();
      assert.match(made?.entityId ?? '', /^[0-9a-f]{64}$/);
      assert.equal(removed?.entityId, made?.entityId);
      assert.doesNotMatch(JSON.stringify(await told()), new RegExp(SECRET));
    });

    test('a composite id is told whole', async () => {
      class Seats extends AuditRepositoryMixin<Seat, object>(DefaultCrudRepository, {sink}) {}
      const seats = new Seats(Seat, shop.dataSource);
      await seats.create(new Seat({row: 1, letter: 'A'}));
      await seats.create(new Seat({row: 1, letter: 'B'}));
      await seats.updateAll({guest: 'jane'}, {letter: 'B'});
      await seats.deleteAll({row: 1});
      const entries = (await told()).map(({action, entityId}) => `${action} ${entityId}`);
      assert.deepEqual(entries.slice(0, 3), [
        'INSERT_ONE ["1", "A"]',
        'INSERT_ONE ["1", "B"]',
        'UPDATE_MANY ["1", "B"]',
      ]);
      assert.deepEqual(entries.slice(3).sort(), ['DELETE_MANY ["1", "A"]', 'DELETE_MANY ["1", "B"]']);
    });

    test('each of many callers is the actor of its own changes, while the datasource connects', async () => {
      const {ssl: _ssl, ...connection} = shop.db.settings;
      const connector = require('loopback-connector-postgresql');
      const lazy = new juggler.DataSource('lazy', {connector, ...connection, lazyConnect: true});
      class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {sink}) {}
      try {
        await Promise.all(
          ['ann', 'bob', 'cid'].map(name => {
            const repository = new Products(Product, lazy);
            repository.getCurrentUser = async () => ({id: name});
            return repository.create({name});
          }),
        );
        const who = (await told()).map(entry => `${entry.actor} ${entry.after?.name}`).sort();
        assert.deepEqual(who, ['ann ann', 'bob bob', 'cid cid']);
      } finally {
        await lazy.disconnect();
      }
    });

    test('a datasource that is still connecting is waited for', async () => {
      const {ssl: _ssl, ...connection} = shop.db.settings;
      const connector = require('loopback-connector-postgresql');
      const eager = new juggler.DataSource('eager', {connector, ...connection});
      class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {sink}) {}
      try {
        await new Products(Product, eager).create({name: 'early'});
        assert.equal((await told())[0]?.after?.name, 'early');
      } finally {
        await eager.disconnect();
      }
    });

    test('a column that PostgreSQL cannot compare is compared all the same', async () => {
      await shop.db.admin.query("INSERT INTO odd VALUES (1, '1', 'a')");
      class Odds extends AuditRepositoryMixin<Odd, number>(DefaultCrudRepository, {sink}) {}
      const odds = new Odds(Odd, shop.dataSource);
      await odds.updateById(1, {name: 'b'});
      await odds.updateById(1, {level: 2});
      assert.deepEqual(
        (await told()).map(({changedFields}) => changedFields),
        [['name'], ['level']],
      );
    });

    test('what a method of the class changes besides is recorded as what it is', async () => {
      class Base extends DefaultCrudRepository<Product, number> {
        override async create(...args: Parameters<DefaultCrudRepository<Product, number>['create']>) {
          await this.updateAll({state: 'old'});
          return super.create(...args);
        }
      }
      const repository = products(sink, Base);
      await shop.db.admin.query("INSERT INTO product (name) VALUES ('a')");
      await repository.create({name: 'b'});
      const entries = (await told()).map(({action, entityId}) => `${action} ${entityId}`);
      assert.deepEqual(entries, ['UPDATE_MANY 1', 'INSERT_ONE 2']);
    });

    test('a class that drops the options is recorded, and nothing waits for itself', async () => {
      class Base extends DefaultCrudRepository<Product, number> {
        override updateAll(
          ...[data, where]: Parameters<DefaultCrudRepository<Product, number>['updateAll']>
        ) {
          return super.updateAll(data, where);
        }
      }
      await shop.db.admin.query("INSERT INTO product (name) SELECT 'p' || i FROM generate_series(1, 1200) i");
      assert.deepEqual(await products(sink, Base).updateAll({state: 'sold'}), {count: 1_200});
      assert.equal(new Set((await told()).map(({entityId}) => entityId)).size, 1_200);
    });

    test('what an operation leaves running behind is an operation of its own', async () => {
      let later: Promise<unknown> = Promise.resolve();
      class Base extends DefaultCrudRepository<Product, number> {
        override async deleteById(...args: Parameters<DefaultCrudRepository<Product, number>['deleteById']>) {
          later = sleep(30).then(() => this.deleteAll(undefined, {actorId: 'job'}));
          return super.deleteById(...args);
        }
      }
      await shop.db.admin.query("INSERT INTO product (name) VALUES ('a'), ('b')");
      await products(sink, Base).deleteById(1);
      await later;
      assert.deepEqual(
        (await told()).map(({action, actor, entityId}) => `${action} ${actor} ${entityId}`),
        ['DELETE_ONE system 1', 'DELETE_MANY job 2'],
      );
    });

    test('who acts is told by the security id of the user, and a user whom nothing tells is refused', async () => {
      const repository = products(sink);
      repository.getCurrentUser = async () => ({[Symbol('securityId')]: 'jane', username: 'jane.d'}) as never;
      await repository.create({name: 'a'});
      assert.equal((await told())[0]?.actor, 'jane');
      repository.getCurrentUser = async () => ({email: 'jane@example.com'});
      await assert.rejects(repository.create({name: 'b'}), /current user has no id/);
      assert.equal((await repository.count()).count, 1);
    });
  });
}

describe('required, in a transaction of the host', () => {
  const refusing: AuditSink = {
    async deliver() {
      throw new Error('no room');
    },
  };

  test('a rollback leaves no entry, and a commit has them all', async () => {
    const repository = products(collecting);
    const undone = await shop.dataSource.beginTransaction({});
    await repository.create({name: 'undone'}, {transaction: undone});
    await undone.rollback();
    assert.equal(collected.length, 0);
    const done = await shop.dataSource.beginTransaction({});
    await repository.create({name: 'a'}, {transaction: done});
    await repository.create({name: 'b'}, {transaction: done});
    assert.equal(collected.length, 0, 'not before the commit');
    await done.commit();
    assert.deepEqual(
      collected.map(entry => entry.after?.name),
      ['a', 'b'],
    );
  });

  test('a commit that the audit trail cannot follow is refused, and nothing was changed', async () => {
    const transaction = await shop.dataSource.beginTransaction({});
    await products(refusing).create({name: 'Chair'}, {transaction});
    await assert.rejects(transaction.commit() as Promise<void>, AuditRequiredError);
    assert.equal((await products(collecting).count()).count, 0);
    await assert.rejects(products(refusing).create({name: 'Table'}), AuditRequiredError);
    assert.equal((await products(collecting).count()).count, 0);
  });

  test('connections of refused commits are given back', async () => {
    for (let i = 0; i < 50; i++) {
      const transaction = await shop.dataSource.beginTransaction({});
      await products(refusing).create({name: 'Chair'}, {transaction});
      await assert.rejects(transaction.commit() as Promise<void>, AuditRequiredError);
    }
  });

  test('a constraint that would fail the commit fails it before the entries go out', async () => {
    const transaction = await shop.dataSource.beginTransaction({});
    const {id = 0} = await products(collecting).create({name: 'Chair'}, {transaction});
    await shop.dataSource.execute('UPDATE product SET parent = 99 WHERE id = $1', [id], {transaction});
    await assert.rejects(transaction.commit() as Promise<void>, /foreign key/);
    assert.deepEqual(collected, []);
  });

  test('a datasource without transactions says that the change stands', async () => {
    const memory = new juggler.DataSource({name: 'memory', connector: 'memory'});
    class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {sink: refusing}) {}
    const repository = new Products(Product, memory);
    await assert.rejects(repository.create({name: 'Chair'}), {code: 'AUDIT_REQUIRED', change: 'stands'});
    assert.equal((await repository.count()).count, 1);
  });
});

test('a commit that PostgreSQL turns into a rollback sends nothing, in the background either', async () => {
  class Products extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, {
    sink: collecting,
    delivery: 'background',
  }) {}
  const repository = new Products(Product, shop.dataSource);
  const transaction = await shop.dataSource.beginTransaction({});
  await repository.create({name: 'never'}, {transaction});
  await assert.rejects(shop.dataSource.execute('SELECT 1 / 0', [], {transaction}) as Promise<unknown>);
  await transaction.commit();
  await sleep(50);
  assert.equal(collected.length, 0);
  assert.equal((await repository.count()).count, 0);
});

test('any delivery that a call asks for is kept by the outbox, which keeps more', async () => {
  const repository = products(outboxSink);
  for (const auditDelivery of ['background', 'durable', 'required'] as const) {
    await repository.create({name: auditDelivery}, {auditDelivery});
  }
  assert.deepEqual(
    (await shop.entries()).map(entry => entry.after?.name),
    ['background', 'durable', 'required'],
  );
});
