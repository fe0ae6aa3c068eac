import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {Constructor, Getter} from '@loopback/core';
import {DefaultCrudRepository, Entity, juggler, model, property} from '@loopback/repository';
import {
  AuditLog,
  AuditLogRepository,
  AuditRepositoryMixin,
  AuditRequiredError,
  type IAuditMixinOptions,
  upgradeAuditLogs,
} from '@loopback-audit/audit-log';
import {openShop, Product, type Shop} from '../../support/audited-products';

/** The table as the first migration of `@sourceloop/audit-service` makes it. */
const SOURCELOOP_TABLE = (schema: string) => `
  CREATE SCHEMA "${schema}";
  CREATE TABLE "${schema}".audit_logs (
    id           uuid DEFAULT md5(random()::text || clock_timestamp()::text)::uuid NOT NULL,
    "action"     text NOT NULL,
    acted_at     timestamptz NOT NULL,
    acted_on     text NULL,
    action_key   text NOT NULL,
    entity_id    text NOT NULL,
    actor        text NOT NULL,
    tenant_id    uuid NOT NULL,
    "before"     text NULL,
    "after"      text NULL,
    action_group text NULL,
    CONSTRAINT audit_logs_pkey PRIMARY KEY (id)
  )`;

/** As a host of SourceLoop's declares it, word by word. */
class ProductRepository extends AuditRepositoryMixin<
  Product,
  typeof Product.prototype.id,
  object,
  string,
  Constructor<DefaultCrudRepository<Product, typeof Product.prototype.id, object>>
>(DefaultCrudRepository, {actionKey: 'Product_Logs'}) {
  constructor(
    dataSource: juggler.DataSource,
    public override getCurrentUser: Getter<{id: string; tenantId: string}>,
    public override getAuditLogRepository: Getter<AuditLogRepository>,
  ) {
    super(Product, dataSource);
  }
}

const tenantId = randomUUID();
const jane = async () => ({id: 'jane', tenantId});

let shop: Shop;
const opened: juggler.DataSource[] = [];
before(async () => {
  shop = await openShop();
});
after(async () => {
  await Promise.all(opened.map(each => each.disconnect()));
  await shop.stop();
});

/** The datasource `AuditDB` of a host, on a schema with SourceLoop's table. */
async function auditDb(schema: string, change = ''): Promise<juggler.DataSource> {
  await shop.db.admin.query(`${SOURCELOOP_TABLE(schema)}; ${change}`);
  const {ssl: _ssl, ...connection} = shop.db.settings;
  const connector = require('loopback-connector-postgresql');
  const dataSource = new juggler.DataSource('AuditDB', {
    connector,
    ...connection,
    schema,
    lazyConnect: true,
    onError: () => {},
  });
  opened.push(dataSource);
  return dataSource;
}

describe("a table that SourceLoop's migration has made", () => {
  test('takes entries as it is, and gives them back', async () => {
    const logs = new AuditLogRepository(await auditDb('as_it_is'));
    const products = new ProductRepository(shop.dataSource, jane, async () => logs);
    const started = Date.now();
    const {id = 0} = await products.create({name: 'Chair', detail: {legs: 4}});
    await products.updateById(id, {name: 'Stool'});
    const {rows} = await shop.db.admin.query('SELECT * FROM as_it_is.audit_logs ORDER BY acted_at');
    assert.deepEqual(
      rows.map(row => [row.action, row.acted_on, row.action_key, row.entity_id, row.actor, row.tenant_id]),
      ['INSERT_ONE', 'UPDATE_ONE'].map(action => [
        ...[action, 'Product', 'Product_Logs', String(id), 'jane', tenantId],
      ]),
    );
    assert.equal(JSON.parse(rows[1].before).name, 'Chair');
    const [first, second] = await logs.find({order: ['actedAt ASC'], where: {entityId: String(id)}});
    assert.ok(first?.actedAt instanceof Date);
    assert.ok(Math.abs(first.actedAt.getTime() - started) < 10_000);
    assert.deepEqual(first.after?.detail, {legs: 4});
    assert.equal(second?.after?.name, 'Stool');
    assert.equal((await logs.findById(first.id)).action, 'INSERT_ONE');
    assert.equal((await logs.findOne({where: {action: 'UPDATE_ONE'}}))?.id, second?.id);
    assert.equal((await logs.count()).count, 2);
  });

  test('has every column of an entry when it is upgraded, more than once too, and keeps its rows', async () => {
    const dataSource = await auditDb(
      'upgraded',
      `INSERT INTO upgraded.audit_logs (action, acted_at, action_key, entity_id, actor, tenant_id, before, after)
       VALUES ('UPDATE_ONE', '2020-01-01T00:00:00Z', 'Old_Logs', '1', '7', '${tenantId}', '{"a":1}', '{"a":2}')`,
    );
    await upgradeAuditLogs(dataSource);
    await upgradeAuditLogs(dataSource);
    const logs = new AuditLogRepository(dataSource);
    const products = new ProductRepository(shop.dataSource, jane, async () => logs);
    const {id = 0} = await products.create({name: 'Table'}, {reason: 'ordered', tags: ['a', 'b'], pallet: 7});
    const entry = await logs.findOne({where: {entityId: String(id), actor: 'jane'}});
    const {reason, tags, metadata, changedFields, actorType} = entry ?? ({} as AuditLog);
    assert.deepEqual(
      {reason, tags, metadata, changedFields: [...(changedFields ?? [])].sort(), actorType},
      {
        reason: 'ordered',
        tags: ['a', 'b'],
        metadata: {pallet: 7},
        changedFields: ['id', 'name', 'state'],
        actorType: 'user',
      },
    );
    const old = await logs.findOne({where: {actionKey: 'Old_Logs'}});
    assert.deepEqual([old?.before, old?.after], [{a: 1}, {a: 2}]);
    assert.equal(old?.actedAt.toISOString(), '2020-01-01T00:00:00.000Z');
  });

  test('is left as it is by migrateSchema()', async () => {
    const dataSource = await auditDb('left');
    const logs = new AuditLogRepository(dataSource);
    await dataSource.connect();
    const columns = async () => {
      const {rows} = await shop.db.admin.query(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'left'",
      );
      return rows;
    };
    const were = await columns();
    assert.equal(were.length, 11);
    await dataSource.autoupdate();
    await dataSource.automigrate();
    assert.deepEqual(await columns(), were);
    assert.equal((await logs.count()).count, 0);
  });

  test('is made by the upgrade where there is none', async () => {
    const dataSource = await auditDb('made', 'DROP TABLE made.audit_logs');
    await upgradeAuditLogs(dataSource);
    const logs = new AuditLogRepository(dataSource);
    const products = new ProductRepository(
      shop.dataSource,
      async () => ({id: 'jane', tenantId: 'acme'}),
      async () => logs,
    );
    await products.create({name: 'Shelf'});
    const [log] = await logs.find();
    assert.deepEqual([log?.tenantId, log?.after?.name, log?.outcome], ['acme', 'Shelf', null]);
  });

  test('that is not there fails the change, by name', async () => {
    const dataSource = await auditDb('gone', 'DROP TABLE gone.audit_logs');
    const logs = new AuditLogRepository(dataSource);
    const products = new ProductRepository(shop.dataSource, jane, async () => logs);
    await assert.rejects(products.create({name: 'never'}), (error: AuditRequiredError) => {
      assert.ok(error instanceof AuditRequiredError);
      assert.match(String((error.cause as Error).message), /no table gone\.audit_logs/);
      return true;
    });
    assert.equal((await products.count({name: 'never'})).count, 0);
  });
});

@model({name: 'audit_logs'})
class RegionalLog extends AuditLog {
  @property({type: 'string'})
  region?: string;

  @property({name: 'checked_on', type: 'date'})
  checkedOn?: Date;
}

class RegionalLogRepository extends AuditLogRepository<RegionalLog> {
  constructor(dataSource: juggler.DataSource) {
    super(dataSource, RegionalLog);
  }
}

/** A model that is no subclass: the one that SourceLoop's README tells hosts to write. */
@model({name: 'audit_logs', settings: {strict: false}})
class HandWrittenLog extends Entity {
  @property({type: 'string', id: true, generated: false})
  id?: string;

  @property({type: 'string', required: true})
  action!: string;

  @property({name: 'acted_at', type: 'date', required: true})
  actedAt!: Date;

  @property({name: 'action_key', type: 'string', required: true})
  actionKey!: string;

  @property({name: 'entity_id', type: 'string', required: true})
  entityId!: string;

  @property({type: 'string', required: true})
  actor!: string;

  @property({name: 'tenant_id', type: 'string'})
  tenantId?: string;

  @property({type: 'object'})
  after?: object;

  @property({type: 'string'})
  region?: string;
}

describe('columns of the host’s own', () => {
  test('are stored in a model and repository of its own; those of the call win', async () => {
    const dataSource = await auditDb(
      'regional',
      'ALTER TABLE regional.audit_logs ADD region text, ADD checked_on timestamptz, ADD metadata jsonb',
    );
    const options: IAuditMixinOptions<RegionalLog> = {
      actionKey: 'k',
      region: 'north',
      checkedOn: new Date(0),
    };
    class Products extends AuditRepositoryMixin<
      Product,
      typeof Product.prototype.id,
      object,
      string,
      Constructor<DefaultCrudRepository<Product, typeof Product.prototype.id, object>>,
      RegionalLog,
      RegionalLogRepository
    >(DefaultCrudRepository, options) {}
    const products = new Products(Product, shop.dataSource);
    const logs = new RegionalLogRepository(dataSource);
    products.getAuditLogRepository = async () => logs;
    products.getCurrentUser = jane;
    await products.create({name: 'Bed'});
    await products.create({name: 'Bed'}, {region: 'south', metadata: {free: 1}, apiToken: 'hidden'});
    const stored = await logs.find({order: ['actedAt ASC']});
    assert.deepEqual(
      stored.map(({region, checkedOn, metadata}) => ({region, at: checkedOn?.getTime(), metadata})),
      [
        {region: 'north', at: 0, metadata: null},
        {region: 'south', at: 0, metadata: {free: 1, apiToken: '[withheld]'}},
      ],
    );
  });

  test('are stored in a model that is no subclass of ours', async () => {
    const dataSource = await auditDb('by_hand', 'ALTER TABLE by_hand.audit_logs ADD region text');
    const logs = new DefaultCrudRepository<HandWrittenLog, string>(HandWrittenLog, dataSource);
    class Products extends AuditRepositoryMixin<
      Product,
      typeof Product.prototype.id,
      object,
      string,
      Constructor<DefaultCrudRepository<Product, typeof Product.prototype.id, object>>,
      HandWrittenLog,
      typeof logs
    >(DefaultCrudRepository, {actionKey: 'k', region: 'north'}) {}
    const products = new Products(Product, shop.dataSource);
    products.getAuditLogRepository = async () => logs;
    products.getCurrentUser = jane;
    await products.create({name: 'Lamp'});
    const [log] = await logs.find();
    assert.deepEqual([log?.region, log?.actor, log?.actionKey], ['north', 'jane', 'k']);
  });
});
