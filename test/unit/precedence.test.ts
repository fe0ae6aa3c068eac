import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Precedence} from '../../dist/repositories/precedence';

test('long work goes on at once where nothing goes first', async () => {
  await new Precedence().giveWay();
});

test('long work stands back until what goes first has ended', async () => {
  const precedence = new Precedence();
  const order: string[] = [];
  const urgent = precedence.first(async () => {
    await Promise.resolve();
    order.push('first');
  });
  await precedence.giveWay();
  order.push('long');
  await urgent;
  assert.deepEqual(order, ['first', 'long']);
});

test('long work gets on, however long the other takes', async () => {
  const precedence = new Precedence();
  let end = () => {};
  const endless = precedence.first(
    () =>
      new Promise<void>(done => {
        end = done;
      }),
  );
  await precedence.giveWay();
  end();
  await endless;
});

test('work that fails no longer goes first', async () => {
  const precedence = new Precedence();
  await assert.rejects(
    precedence.first(() => Promise.reject(new Error('failed'))),
    /failed/,
  );
  await precedence.giveWay();
});

test('pages come whole and in their order, and a consumer that stops ends their source', async () => {
  let ended = false;
  async function* pages() {
    try {
      yield* [1, 2, 3];
    } finally {
      ended = true;
    }
  }
  const taken: number[] = [];
  for await (const page of new Precedence().pace(pages())) {
    taken.push(page);
    if (page === 2) break;
  }
  assert.deepEqual(taken, [1, 2]);
  assert.equal(ended, true);
});
