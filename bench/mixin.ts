import {fork} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {DefaultCrudRepository, juggler} from '@loopback/repository';
import {AuditRepositoryMixin, type AuditSink, createOutbox, outboxSink} from '@loopback-audit/audit-log';
import {Pool} from 'pg';
import {Product, type ProductRepository} from '../dist-test/support/audited-products';
import type {BenchServer} from './bench-server';
import {percentile} from './percentile';

/** How often a measurement is repeated, audited and not by turns; the median counts. */
const ROUNDS = 5;
const TARGETS = {
  create: 1.6,
  updateById: 2,
  deleteById: 2,
  'createAll(1000)': 1.5,
  'updateAll of 10,000': undefined,
} as const;

/** Entries in the background go nowhere: what is measured is what the caller pays. */
const nowhere: AuditSink = {async deliver() {}};

interface Variant {
  name: string;
  repository: ProductRepository;
}

/** What recording costs the caller, against the same repository without the mixin. */
export async function benchMixin(server: BenchServer): Promise<string> {
  const {settings, stop} = await server.serve(1);
  const {ssl: _ssl, ...connection} = settings;
  const dataSource = new juggler.DataSource('shop', {
    connector: require('loopback-connector-postgresql'),
    ...connection,
    max: 20,
    lazyConnect: true,
    onError: () => {},
  });
  await dataSource.connect();
  const pool = new Pool({...connection, max: 4});
  pool.on('error', () => {});
  await pool.query(`CREATE TABLE product (id serial PRIMARY KEY, name text NOT NULL, price numeric, password text,
    state text DEFAULT 'new', modifiedon timestamptz, detail jsonb)`);
  await createOutbox(dataSource);
  const relay = fork(join(__dirname, 'relay-process.js'));
  relay.send(connection);
  await once(relay, 'message');
  try {
    const variants = [
      {name: 'not audited', repository: new DefaultCrudRepository(Product, dataSource) as ProductRepository},
      {name: 'transactional', repository: audited(dataSource, outboxSink)},
      {name: 'background', repository: audited(dataSource, nowhere, 'background')},
    ];
    return [await table(variants, pool), await searchable(variants[1] as Variant, pool)].join('\n\n');
  } finally {
    relay.disconnect();
    await once(relay, 'exit');
    await dataSource.disconnect();
    await pool.end();
    await stop();
  }
}

function audited(
  dataSource: juggler.DataSource,
  sink: AuditSink,
  delivery?: 'background',
): ProductRepository {
  const options = {sink, ...(delivery && {delivery})};
  class Audited extends AuditRepositoryMixin<Product, number>(DefaultCrudRepository, options) {}
  const repository = new Audited(Product, dataSource);
  repository.getCurrentUser = async () => ({id: 'jane', tenantId: 'acme'});
  return repository as ProductRepository;
}

async function table(variants: readonly Variant[], pool: Pool): Promise<string> {
  const rows: string[] = [];
  for (const callers of [1, 16]) {
    for (const [operation, measure] of Object.entries(OPERATIONS)) {
      const times = variants.map((): number[] => []);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, {repository}] of variants.entries()) {
          await pool.query('TRUNCATE product');
          times[i]?.push(await measure(repository, pool, callers));
        }
      }
      const [plain = 1, ...others] = times.map(median);
      const target = TARGETS[operation as keyof typeof TARGETS];
      const ratios = others.map(time => (time / plain).toFixed(2));
      rows.push(
        `| ${operation} | ${callers} | ${plain.toFixed(3)} | ${ratios.join(' | ')} | ${target ?? ''} |`,
      );
    }
  }
  return [
    '## What recording costs the caller',
    '',
    'Milliseconds a call without the mixin, and the cost of the same call with it, as a ratio; median of five turns.',
    'A relay in another process drains the outbox into the trail meanwhile.',
    '',
    '| operation | callers | not audited, ms | transactional | background | target, transactional |',
    '|---|--:|--:|--:|--:|--:|',
    ...rows,
  ].join('\n');
}

/** Changes whose entries are waited for. */
const WAITED_FOR = 200;

/** How long after the commit of a change its entry is found in the trail; changes come at random moments. */
async function searchable({repository}: Variant, pool: Pool): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < WAITED_FOR; i++) {
    const {id} = await repository.create({name: `found-${i}`});
    const committed = process.hrtime.bigint();
    for (;;) {
      const {rowCount} = await pool.query(
        "SELECT FROM audit_logs WHERE tenant_id = 'acme' AND acted_on = 'Product' AND entity_id = $1 AND acted_at > now() - interval '1 minute'",
        [String(id)],
      );
      if (rowCount) break;
      await sleep(1);
    }
    times.push(Number(process.hrtime.bigint() - committed) / 1e6);
    await sleep(Math.random() * 60);
  }
  const at = (share: number) => percentile(times, share).toFixed(0);
  return [
    '## From the commit of a change to its entry in the trail',
    '',
    `Milliseconds, of ${WAITED_FOR} changes: median ${at(0.5)}, 99 of 100 within ${at(0.99)} (aim: 100).`,
  ].join('\n');
}

type Measure = (repository: ProductRepository, pool: Pool, callers: number) => Promise<number>;

/** Milliseconds a call. */
async function timed(calls: number, callers: number, call: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const begun = process.hrtime.bigint();
  await Promise.all(
    Array.from({length: callers}, async () => {
      while (next < calls) await call(next++);
    }),
  );
  return Number(process.hrtime.bigint() - begun) / 1e6 / calls;
}

const fill = async (pool: Pool, rows: number): Promise<number[]> => {
  const made = await pool.query(
    "INSERT INTO product (name, price) SELECT 'p' || i, i FROM generate_series(1, $1) i RETURNING id",
    [rows],
  );
  return made.rows.map(row => row.id);
};

const OPERATIONS: Record<keyof typeof TARGETS, Measure> = {
  create: (repository, _pool, callers) =>
    timed(400 * Math.min(callers, 4), callers, i =>
      repository.create({name: `p${i}`, price: i, detail: {a: i}}),
    ),
  async updateById(repository, pool, callers) {
    const ids = await fill(pool, 1_600);
    return timed(400 * Math.min(callers, 4), callers, i =>
      repository.updateById(ids[i] ?? 0, {name: `q${i}`}),
    );
  },
  async deleteById(repository, pool, callers) {
    const ids = await fill(pool, 1_600);
    return timed(400 * Math.min(callers, 4), callers, i => repository.deleteById(ids[i] ?? 0));
  },
  'createAll(1000)': (repository, _pool, callers) => {
    const many = Array.from({length: 1_000}, (_, i) => ({name: `p${i}`, price: i}));
    return timed(callers, callers, () => repository.createAll(many));
  },
  async 'updateAll of 10,000'(repository, pool) {
    await fill(pool, 10_000);
    return timed(1, 1, () => repository.updateAll({state: 'sold'}, {state: 'new'}));
  },
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
