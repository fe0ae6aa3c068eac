import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {Transaction} from '@loopback/repository';
import {AuditRequiredError, type AuditSink, type SinkEntry} from '@loopback-audit/audit-log';
import {openShop, productRepository, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';

interface JugglersTransaction extends Transaction {
  connector: Record<'commit' | 'rollback', (connection: object, done: (error?: Error) => void) => void>;
  connection: object & {txId: string};
}

let shop: Shop;
const sent: SinkEntry[] = [];
let refuses = false;
const sink: AuditSink = {
  async deliver(entries) {
    if (refuses) throw new Error('no');
    sent.push(...entries);
  },
};
before(async () => {
  shop = await openShop();
  const begin = shop.dataSource.beginTransaction.bind(shop.dataSource);
  // As it is where juggler and the connector each come with a `loopback-connector` of their own.
  shop.dataSource.beginTransaction = async options => {
    const {connector, connection} = (await begin(options)) as JugglersTransaction;
    const end = (how: 'commit' | 'rollback') =>
      new Promise<void>((resolve, reject) => {
        connector[how](connection, error => (error ? reject(error) : resolve()));
      });
    const {txId} = connection;
    return {
      connector,
      connection,
      txId,
      isActive: () => true,
      commit: () => end('commit'),
      rollback: () => end('rollback'),
    } as never;
  };
});
after(() => shop.stop());

test('transactions that juggler has not taught to be observed are waited for, and undone, all the same', async () => {
  const required = productRepository(shop, {sink});
  await required.create({name: 'required'});
  refuses = true;
  await assert.rejects(required.create({name: 'refused'}), AuditRequiredError);
  refuses = false;
  await assert.rejects(required.create({name: null} as never));
  const background = productRepository(shop, {sink, delivery: 'background'});
  const transaction = await shop.dataSource.beginTransaction({});
  await background.create({name: 'background'}, {transaction});
  assert.equal(sent.length, 1, 'nothing goes out before the commit');
  await transaction.commit();
  await eventually('both are sent', async () => (sent.length === 2 ? true : undefined));
  assert.deepEqual(
    sent.map(entry => entry.after?.name),
    ['required', 'background'],
  );
  assert.equal((await required.count()).count, 2);
});
