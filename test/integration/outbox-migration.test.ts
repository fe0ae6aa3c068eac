import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {CREATE_OUTBOX, outboxSink} from '@loopback-audit/audit-log';
import {openShop, productRepository, type Shop} from '../support/audited-products';

const sql = (name: string) =>
  readFileSync(join(__dirname, '..', '..', 'packages', 'audit-log', 'migrations', name), 'utf8');

let shop: Shop;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());

describe('the migration of the outbox', () => {
  test('is the statements that make it', () => {
    assert.equal(sql('outbox-up.sql'), CREATE_OUTBOX.map(statement => `${statement};\n`).join('\n'));
  });

  test('goes down and up again, as a migrator runs it, and nothing is missing then', async () => {
    const {admin} = shop.db;
    await admin.query(sql('outbox-down.sql'));
    const left = await admin.query(
      `SELECT relname AS name FROM pg_class WHERE relname LIKE 'audit\\_outbox%'
       UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'audit\\_%'`,
    );
    assert.deepEqual(left.rows, []);
    await admin.query(sql('outbox-up.sql'));
    await productRepository(shop, {sink: outboxSink}).create({name: 'Chair'});
    assert.equal((await shop.entries()).length, 1);
  });
});
