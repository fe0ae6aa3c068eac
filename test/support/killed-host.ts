/**
 * A host that changes products as fast as it can, eight callers at a time, by every method that writes; and
 * drains the outbox into the trail meanwhile. It is made to be killed. Its database is in the environment.
 */

import {juggler} from '@loopback/repository';
import {OutboxRelay} from '@loopback-audit/audit-log';
import {Pool} from 'pg';
import {Database} from '../../dist/repositories/database';
import {relayIntoTrail} from '../../dist/repositories/relay-entries';
import {Product, type ProductRepository, productRepository} from './audited-products';

const {HOST_DB: url = '', HOST_NAME: name = ''} = process.env;

const pick = (below: number) => Math.floor(Math.random() * below);

async function change(products: ProductRepository, dataSource: juggler.DataSource): Promise<void> {
  const text = `${name}-${Math.random()}`;
  const some = await products.find({limit: 5, skip: pick(20), order: ['id ASC']});
  const id = some[0]?.id ?? 0;
  switch (pick(9)) {
    case 0:
    case 1:
      await products.create({name: text, price: pick(100)});
      break;
    case 2:
      await products.createAll([{name: text}, {name: text}, {name: text}]);
      break;
    case 3:
      await products.updateById(id, {name: text});
      break;
    case 4:
      await products.updateAll({price: pick(100)}, {id: {inq: some.map(each => each.id ?? 0)}});
      break;
    case 5:
      await products.save(new Product({name: text}));
      break;
    case 6:
      await products.deleteById(id);
      break;
    case 7:
      await products.replaceById(id, new Product({name: text}));
      break;
    default:
      await inTransaction(products, dataSource, text);
  }
}

/** Two changes in a transaction of the host, which is rolled back every other time. */
async function inTransaction(products: ProductRepository, dataSource: juggler.DataSource, text: string) {
  const transaction = await dataSource.beginTransaction({});
  const {id = 0} = await products.create({name: text}, {transaction});
  await products.updateById(id, {name: `${text}!`}, {transaction});
  await (pick(2) ? transaction.commit() : transaction.rollback());
}

async function main(): Promise<void> {
  const dataSource = new juggler.DataSource('shop', {
    connector: require('loopback-connector-postgresql'),
    url,
    max: 12,
    lazyConnect: true,
    onError: () => {},
  });
  await dataSource.connect();
  const pool = new Pool({connectionString: url, max: 4});
  const relay = new OutboxRelay({
    dataSource,
    forward: relayIntoTrail(new Database(async () => pool), 'acme'),
  });
  relay.start();
  const products = productRepository({dataSource});
  // On a slow machine, too, a host is killed at work: it has committed a change before it says that it is ready.
  await products.create({name: `${name}-first`});
  process.stdout.write('ready\n');
  const caller = async () => {
    for (;;) {
      // Rows that another caller has removed are not found; two that lock in different orders are told apart.
      await change(products, dataSource).catch(() => {});
    }
  };
  await Promise.all(Array.from({length: 8}, caller));
}

void main();
