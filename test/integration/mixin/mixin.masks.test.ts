import assert from 'node:assert/strict';
import {after, afterEach, before, test} from 'node:test';
import {useMasks} from '@loopback-audit/audit-log';
import {openShop, productRepository, type Shop} from '../../support/audited-products';

let shop: Shop;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());
afterEach(() => useMasks({}));

test('a name of the defaults is shown where the mixin unmasks it, and the application masks names of its own', async () => {
  const products = productRepository(shop, {unmask: ['tokenCount']});
  const detail = {tokenCount: 3, token: 't', supplier: 's'};
  const shown = async () => {
    await products.create({name: 'Chair', detail});
    return (await shop.entries()).at(-1)?.after;
  };
  assert.deepEqual((await shown())?.detail, {tokenCount: 3, token: '[withheld]', supplier: 's'});
  useMasks({mask: ['supplier', 'name'], unmask: ['token']});
  const masked = await shown();
  assert.deepEqual([masked?.detail, masked?.name], [{...detail, supplier: '[withheld]'}, '[withheld]']);
});
