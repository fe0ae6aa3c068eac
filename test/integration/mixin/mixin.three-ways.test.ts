import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {juggler} from '@loopback/repository';
import {type AuditSink, outboxSink, type SinkEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {
  openShop,
  Product,
  type ProductRepository,
  productRepository,
  type Shop,
} from '../../support/audited-products';

let shop: Shop;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());

/** What an entry says of a row; its id, time and place in the order are its own. */
const said = ({action, actor, entityId, before: was, after: is, changedFields}: SinkEntry) => ({
  ...{action, actor, entityId, was, is},
  changedFields: [...(changedFields ?? [])].sort(),
});

/** What was said of each row, in order; the rows of one statement have no order among them. */
function byRow(entries: readonly SinkEntry[]): Map<string | undefined, unknown[]> {
  const rows = new Map<string | undefined, unknown[]>();
  for (const entry of entries) rows.set(entry.entityId, [...(rows.get(entry.entityId) ?? []), said(entry)]);
  return rows;
}

const text = fc.oneof(fc.string(), fc.constant('it\'s "quoted" \\ %'), fc.constant('ü 🙂'));
const data = fc.record(
  {
    name: text.filter(name => !name.includes('\0') && name.trim() !== ''),
    price: fc.integer({min: -1_000_000, max: 1_000_000}),
    password: fc.constantFrom('a', 'b'),
    modifiedOn: fc.date({min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true}),
    detail: fc.dictionary(
      fc.constantFrom('a', 'b', 'password'),
      fc.jsonValue({maxDepth: 2, noUnicodeString: true}),
      {maxKeys: 2},
    ),
  },
  {requiredKeys: ['name']},
);
const storable = data.filter(
  value => !JSON.stringify(value).includes('\\u0000') && value.name.isWellFormed(),
);

/** A connector of another name is one whose statements tell nothing, around which the mixin must read. */
function elsewhere(): juggler.DataSource {
  const {ssl: _ssl, ...connection} = shop.db.settings;
  const connector = require('loopback-connector-postgresql');
  const dataSource = new juggler.DataSource('elsewhere', {connector, ...connection, lazyConnect: true});
  Object.assign(dataSource.connector as object, {name: 'mysql'});
  return dataSource;
}

/**
 * The same changes must be told alike by PostgreSQL's SQL into the outbox, by what the statements tell the
 * client, and by what the mixin reads around them.
 */
test('changes are told alike, whichever way they are recorded', async () => {
  const collected: SinkEntry[] = [];
  const sink: AuditSink = {
    async deliver(entries) {
      collected.push(...entries);
    },
  };
  const perform = async (products: ProductRepository, first: Partial<Product>, second: Partial<Product>) => {
    await shop.db.admin.query('TRUNCATE product, audit_outbox RESTART IDENTITY');
    collected.length = 0;
    const {id = 0} = await products.create(first);
    await products.createAll([first, second]);
    await products.updateById(id, second);
    await products.updateAll({name: 'all'}, {name: second.name ?? ''});
    await products.replaceById(id, new Product({...second, name: 'replaced'}));
    await products.save(new Product(first));
    await products.deleteById(id);
    await products.deleteAll();
    return byRow([...collected, ...(await shop.entries())]);
  };
  const ignore = ['modifiedOn'];
  const other = elsewhere();
  try {
    await fc.assert(
      fc.asyncProperty(storable, storable, async (first, second) => {
        const byOutbox = await perform(productRepository(shop, {sink: outboxSink, ignore}), first, second);
        const byClient = await perform(productRepository(shop, {sink, ignore}), first, second);
        const dataSource = other;
        const around = await perform(productRepository({...shop, dataSource}, {sink, ignore}), first, second);
        assert.deepEqual(byClient, byOutbox);
        assert.deepEqual(around, byOutbox);
      }),
      {numRuns: 40},
    );
  } finally {
    await other.disconnect();
  }
});
