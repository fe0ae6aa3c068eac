import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {
  AuditRequiredError,
  type AuditSink,
  type Delivery,
  deliveryFailures,
  Journal,
  type SinkEntry,
} from '@loopback-audit/audit-log';
import {openShop, type ProductRepository, productRepository, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';
import {type SmallDisk, smallDisks} from '../../support/small-disk';

let shop: Shop;
before(async () => {
  shop = await openShop();
});
after(() => shop.stop());

/** Long enough that the disk ends in the midst of an entry. */
const DETAIL = {note: 'n'.repeat(5_000)};
/** More entries than the disk can hold. */
const MANY = 40;

/** A target that takes nothing until it is opened, and keeps what it is given. */
class Gate implements AuditSink {
  readonly arrived: SinkEntry[] = [];
  isOpen = false;

  async deliver(entries: readonly SinkEntry[]): Promise<void> {
    if (!this.isOpen) throw new Error('closed');
    this.arrived.push(...entries);
  }
}

/** A repository whose journal is on a small disk. */
async function onSmallDisk<T>(
  open: () => Promise<SmallDisk>,
  delivery: Delivery,
  work: (parts: {disk: SmallDisk; gate: Gate; journal: Journal; products: ProductRepository}) => Promise<T>,
): Promise<T> {
  await shop.db.admin.query('TRUNCATE product');
  const disk = await open();
  const gate = new Gate();
  const journal = new Journal({folder: disk.folder, target: gate, maxPauseMs: 50});
  await journal.start();
  try {
    const products = productRepository(shop, {sink: journal, delivery});
    return await work({disk, gate, journal, products});
  } finally {
    await journal.stop();
    await disk.release();
  }
}

/** Every line of the folder is whole. */
async function assertNoHalfLine(folder: string): Promise<void> {
  const segments = (await readdir(folder)).filter(name => name.endsWith('.ndjson'));
  for (const name of segments) {
    const text = await readFile(join(folder, name), 'utf8');
    assert.ok(text === '' || text.endsWith('\n'), `${name} ends with half a line`);
  }
}

const names = (entries: readonly SinkEntry[]) => entries.map(entry => entry.after?.name);

test('required: a full disk refuses the change, and takes it again when there is space', async t => {
  for (const [name, open] of await smallDisks()) {
    await t.test(name, () =>
      onSmallDisk(open, 'required', async ({disk, gate, journal, products}) => {
        const stored: string[] = [];
        const refused: unknown[] = [];
        const create = async (product: string) => {
          await products.create({name: product, detail: DETAIL}).then(
            () => stored.push(product),
            error => refused.push(error),
          );
        };
        for (let i = 0; i < MANY; i++) await create(`p${i}`);
        assert.ok(stored.length > 0 && refused.length > 1, `${stored.length} stored`);
        for (const error of refused) {
          assert.ok(error instanceof AuditRequiredError);
          assert.equal((error.cause as NodeJS.ErrnoException).code, disk.code);
        }
        const rows = await products.find({order: ['id']});
        assert.deepEqual(
          rows.map(row => row.name),
          stored,
          'what was refused did not happen',
        );
        const id = rows[0]?.id ?? 0;
        await assert.rejects(products.updateById(id, {name: 'changed'}), AuditRequiredError);
        assert.equal((await products.findById(id)).name, stored[0]);
        await assertNoHalfLine(disk.folder);

        disk.grow();
        await create('after');
        assert.equal(stored.at(-1), 'after');
        gate.isOpen = true;
        await journal.drained();
        assert.deepEqual(names(gate.arrived), stored);
      }),
    );
  }
});

test('durable: a full disk is reported, the changes stand, and the journal works on when there is space', async t => {
  for (const [name, open] of await smallDisks()) {
    await t.test(name, () =>
      onSmallDisk(open, 'durable', async ({disk, gate, journal, products}) => {
        const lost: unknown[] = [];
        const hear = ({entries, error}: {entries: readonly SinkEntry[]; error: unknown}) => {
          assert.equal((error as NodeJS.ErrnoException).code, disk.code);
          lost.push(...names(entries));
        };
        const count = deliveryFailures.count;
        deliveryFailures.on('failure', hear);
        const made = Array.from({length: MANY}, (_, i) => `p${i}`);
        for (const product of made) await products.create({name: product, detail: DETAIL});
        deliveryFailures.off('failure', hear);
        assert.equal((await products.count()).count, MANY, 'every change stands');
        assert.ok(lost.length > 0 && lost.length < MANY, `${lost.length} lost`);
        assert.equal(deliveryFailures.count, count + lost.length);
        await assertNoHalfLine(disk.folder);

        // Here it is the delivery that gives space.
        gate.isOpen = true;
        await journal.drained();
        await products.create({name: 'after', detail: DETAIL});
        await journal.drained();
        assert.deepEqual(names(gate.arrived), [...made.filter(product => !lost.includes(product)), 'after']);
        assert.deepEqual(await readdir(disk.folder), []);
      }),
    );
  }
});

test('a segment that cannot be read is tried again, and does not end the process', async () => {
  const gate = new Gate();
  gate.isOpen = true;
  const folder = await mkdtemp(join(tmpdir(), 'audit-unreadable-'));
  const faults: unknown[] = [];
  await mkdir(join(folder, '000000000001.ndjson'));
  const journal = new Journal({
    folder,
    target: gate,
    maxPauseMs: 20,
    onRetry: fault => faults.push(fault),
  });
  try {
    await journal.start();
    await eventually('it has tried twice', async () => (faults.length > 1 ? true : undefined));
    for (const name of await readdir(folder)) await rm(join(folder, name), {recursive: true});
    await productRepository(shop, {sink: journal}).create({name: 'after'});
    await journal.drained();
    assert.deepEqual(names(gate.arrived), ['after']);
  } finally {
    await journal.stop();
    await rm(folder, {recursive: true});
  }
});
