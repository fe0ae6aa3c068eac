import assert from 'node:assert/strict';
import {appendFile, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {
  type AuditEntry,
  AuditRequiredError,
  type AuditSink,
  deliveryFailures,
  HttpSink,
  Journal,
  type SinkEntry,
} from '@loopback-audit/audit-log';
import {openShop, type ProductRepository, productRepository, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';
import {startTestService, type TestService} from '../../support/test-service';

let shop: Shop;
let service: TestService;
let folder: string;
const journals: Journal[] = [];

before(async () => {
  shop = await openShop();
  service = await startTestService();
  folder = await mkdtemp(join(tmpdir(), 'audit-deliveries-'));
});
after(async () => {
  await shop.stop();
  await service.stop();
  await rm(folder, {recursive: true, force: true});
});
afterEach(async () => {
  await Promise.all(journals.splice(0).map(journal => journal.stop()));
  await shop.db.admin.query('TRUNCATE product');
});

const unreachable = new HttpSink({url: 'http://127.0.0.1:9', token: () => 'none'});
const reachable = () => new HttpSink({url: service.url, token: () => service.token()});

const named = (repository: ProductRepository): ProductRepository => {
  repository.getCurrentUser = async () => ({id: 'jane', tenantId: 'acme'});
  return repository;
};

const journal = async (name: string, target: AuditSink): Promise<Journal> => {
  const made = new Journal({folder: join(folder, name), target, maxPauseMs: 100});
  journals.push(made);
  await made.start();
  return made;
};

const trail = async (name: string, count: number): Promise<AuditEntry[]> =>
  eventually(`${count} entries of ${name}`, async () => {
    const filter = encodeURIComponent(
      JSON.stringify({where: {'after.name': {like: `${name}%`}}, order: 'actedAt ASC'}),
    );
    const entries = (await service.send(`/audit-logs?filter=${filter}&limit=1000`)).json as AuditEntry[];
    return entries.length >= count ? entries : undefined;
  });

describe('required', () => {
  test('no audit, no change: where the entry cannot be stored nothing is written, and the error says so', async () => {
    const products = named(productRepository(shop, {sink: unreachable, delivery: 'required'}));
    await assert.rejects(products.create({name: 'Chair'}), AuditRequiredError);
    assert.equal((await products.count()).count, 0);
  });

  test('where it can be stored, the change and its entry are both there', async () => {
    const products = named(productRepository(shop, {sink: reachable()}));
    await products.create({name: 'required-chair'});
    assert.equal((await trail('required-', 1)).length, 1);
  });

  test('a journal that cannot be written to refuses as well', async () => {
    const full = await journal('full', reachable());
    await rm(join(folder, 'full'), {recursive: true});
    await writeFile(join(folder, 'full'), 'not a folder');
    const products = named(productRepository(shop, {sink: full, delivery: 'required'}));
    await assert.rejects(products.create({name: 'Chair'}), AuditRequiredError);
    assert.equal((await products.count()).count, 0);
    await rm(join(folder, 'full'));
    await full.stop().catch(() => {});
    journals.splice(0);
  });
});

describe('durable', () => {
  test('nothing is lost while the service is away, the order is kept, and each entry comes once', async () => {
    let down = true;
    const target: AuditSink = {
      deliver: entries => (down ? unreachable : reachable()).deliver(entries),
    };
    const products = named(productRepository(shop, {sink: await journal('away', target)}));
    for (let i = 0; i < 20; i++) await products.create({name: `away-${String(i).padStart(2, '0')}`});
    down = false;
    const names = (await trail('away-', 20)).map(entry => entry.after?.name);
    assert.deepEqual(
      names,
      Array.from({length: 20}, (_, i) => `away-${String(i).padStart(2, '0')}`),
    );
  });

  test('what a crash left in the folder is delivered by the next journal, half a line aside', async () => {
    const before = new Journal({folder: join(folder, 'crash'), target: unreachable});
    await before.start();
    const products = named(productRepository(shop, {sink: before}));
    await products.createAll([{name: 'crash-1'}, {name: 'crash-2'}]);
    await before.stop();
    const [segment = ''] = (await readdir(join(folder, 'crash'))).filter(name => name.endsWith('.ndjson'));
    await appendFile(join(folder, 'crash', segment), '{"id":"cut off in the mid');
    await journal('crash', reachable());
    assert.equal((await trail('crash-', 2)).length, 2);
    await eventually('the journal is empty', async () =>
      (await readdir(join(folder, 'crash'))).length === 0 ? true : undefined,
    );
  });

  test('a disk that takes no more is reported, and the change stands', async () => {
    const full = await journal('report', reachable());
    await rm(join(folder, 'report'), {recursive: true});
    await writeFile(join(folder, 'report'), 'not a folder');
    const lost: unknown[] = [];
    const hear = ({entries}: {entries: readonly SinkEntry[]}) =>
      lost.push(...entries.map(entry => entry.after?.name));
    deliveryFailures.on('failure', hear);
    const count = deliveryFailures.count;
    const products = named(productRepository(shop, {sink: full}));
    await products.create({name: 'Chair'});
    deliveryFailures.off('failure', hear);
    assert.equal((await products.count()).count, 1);
    assert.equal(deliveryFailures.count, count + 1);
    assert.deepEqual(lost, ['Chair']);
    await rm(join(folder, 'report'));
    await full.stop().catch(() => {});
    journals.splice(0);
  });
});

describe('background', () => {
  test('is not waited for, and a failure is counted and told', async () => {
    const products = named(productRepository(shop, {sink: unreachable, delivery: 'background'}));
    const count = deliveryFailures.count;
    await products.create({name: 'Chair'});
    assert.equal((await products.count()).count, 1);
    await eventually('the failure is told', async () => (deliveryFailures.count > count ? true : undefined));
  });

  test("a rollback of the caller's transaction sends nothing; its commit does", async () => {
    const sent: SinkEntry[] = [];
    const sink: AuditSink = {
      async deliver(entries) {
        sent.push(...entries);
      },
    };
    const products = named(productRepository(shop, {sink, delivery: 'background'}));
    const undone = await shop.dataSource.beginTransaction({});
    await products.create({name: 'undone'}, {transaction: undone});
    await undone.rollback();
    const done = await shop.dataSource.beginTransaction({});
    await products.create({name: 'done'}, {transaction: done});
    assert.equal(sent.length, 0);
    await done.commit();
    await eventually('the entry is sent', async () => (sent.length > 0 ? true : undefined));
    assert.deepEqual(
      sent.map(entry => entry.after?.name),
      ['done'],
    );
  });

  test('may be chosen for one call', async () => {
    const products = named(productRepository(shop, {sink: unreachable}));
    await assert.rejects(products.create({name: 'Chair'}), AuditRequiredError);
    await products.create({name: 'Chair'}, {auditDelivery: 'background'});
    assert.equal((await products.count()).count, 1);
  });
});
