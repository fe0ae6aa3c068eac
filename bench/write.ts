import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {DatabaseSettings} from '../dist';
import {testToken} from '../dist-test/support/test-token';
import {benchEntry} from './bench-entry';
import {type BenchServer, TENANT} from './bench-server';
import {Poster, rateOf} from './post';
import {rawBatches, rawCopy} from './raw-copy';
import {markdownTable, verdict} from './table';

const BATCH = 1_000;
const BATCHES = 40;
const CLIENTS = 64;
/** A rate is the median of so many turns, the things compared taking turns. */
const ROUNDS = 3;
const RUN_MS = 4_000;

/** What the write path reaches of what it stands on: COPY below, HTTP above. */
export async function benchWrite(server: BenchServer): Promise<string> {
  const {settings, drop} = await server.copy(1);
  const child = fork(join(__dirname, 'write-process.js'), {stdio: ['ignore', 'ignore', 'inherit', 'ipc']});
  try {
    child.send(settings);
    const [{url, bare}] = await once(child, 'message');
    return [await batches(settings, child, url), await singles(url, bare)].join('\n\n');
  } finally {
    child.disconnect();
    await once(child, 'exit');
    await drop();
  }
}

async function batches(settings: DatabaseSettings, child: ChildProcess, url: string): Promise<string> {
  const raw = rawBatches(BATCHES, BATCH);
  const bodies = Array.from({length: BATCHES}, (_, b) => ndjson(b * BATCH, BATCH));
  const tenants = await Promise.all(
    Array.from({length: 1_000}, (_, i) => testToken({tenantId: `tenant-${i}`})),
  );
  const oneTenant = await testToken({tenantId: TENANT});
  const rates = await medians({
    'COPY, 1 connection': () => rawCopy(settings, raw, BATCH, 1),
    'COPY, 4 connections': () => rawCopy(settings, raw, BATCH, 4),
    'POST /audit-logs/batch, 4 clients': () => postAll(url, bodies, () => oneTenant),
    'the same, 1,000 tenants at random': () =>
      postAll(url, bodies, n => tenants[(n * 7_919) % tenants.length] as string),
    'in-process append, 64 in flight': () => appendAll(child, BATCH * BATCHES),
  });
  const [one = 1, four = 1, batch = 0, many = 0, append = 0] = rates.map(([, rate]) => rate);
  const aims = [
    ['batch', batch / one, batch / four, 0.6],
    ['1,000 tenants', many / one, many / four, undefined],
    ['append', append / one, append / four, 0.5],
  ] as const;
  return [
    `## Writing ${BATCHES} batches of ${BATCH.toLocaleString('en')}`,
    markdownTable(
      ['work', 'entries a second'],
      rates.map(([name, rate]) => [name, `${rate.toFixed(0)} /s`]),
    ),
    markdownTable(
      ['ratio', 'to COPY on 1 connection', 'to COPY on 4', 'aim'],
      aims.map(([name, a, b, aim]) => [
        name,
        `${a.toFixed(2)} ×`,
        `${b.toFixed(2)} ×`,
        aim ? `${aim} ${verdict(a >= aim)}` : '',
      ]),
    ),
    `1,000 tenants reach ${(many / batch).toFixed(2)} of one tenant (aim 0.5: ${verdict(many / batch >= 0.5)}).`,
  ].join('\n\n');
}

const ndjson = (first: number, length: number): Buffer =>
  Buffer.from(Array.from({length}, (_, i) => `${JSON.stringify(benchEntry(first + i))}\n`).join(''));

/** Entries a second, four batches at a time. */
async function postAll(
  url: string,
  bodies: readonly Buffer[],
  tokenOf: (n: number) => string,
): Promise<number> {
  const posters = new Map<string, Poster>();
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({length: 4}, async () => {
      for (let n = next++; n < bodies.length; n = next++) {
        const token = tokenOf(n);
        const poster = posters.get(token) ?? new Poster(token, 'application/x-ndjson', 4);
        posters.set(token, poster);
        await poster.post(`${url}/audit-logs/batch`, bodies[n] as Buffer);
      }
    }),
  );
  for (const poster of posters.values()) poster.close();
  return (bodies.length * BATCH * 1_000) / (performance.now() - begun);
}

async function appendAll(child: ChildProcess, entries: number): Promise<number> {
  child.send({append: {inFlight: CLIENTS, entries}});
  const [{seconds}] = await once(child, 'message');
  return entries / seconds;
}

async function singles(url: string, bare: string): Promise<string> {
  const token = await testToken({tenantId: TENANT});
  const poster = new Poster(token, 'application/json', CLIENTS);
  const bodies = Array.from({length: 500}, (_, n) => Buffer.from(JSON.stringify(benchEntry(n))));
  const post = (to: string) => () =>
    rateOf(CLIENTS, RUN_MS, n => poster.post(to, bodies[n % bodies.length] as Buffer));
  const rates = await medians({
    'an endpoint that stores nothing': post(`${url}/nothing`),
    'node:http, one INSERT a request': post(bare),
    'POST /audit-logs': post(`${url}/audit-logs`),
  });
  poster.close();
  const [nothing = 1, insert = 1, single = 0] = rates.map(([, rate]) => rate);
  return [
    `## Single entries, ${CLIENTS} clients`,
    markdownTable(
      ['work', 'requests a second'],
      rates.map(([name, rate]) => [name, `${rate.toFixed(0)} /s`]),
    ),
    markdownTable(
      ['ratio', '', 'aim'],
      [
        [
          'to the endpoint that stores nothing',
          `${(single / nothing).toFixed(2)} ×`,
          `0.8 ${verdict(single / nothing >= 0.8)}`,
        ],
        ['to the bare server', `${(single / insert).toFixed(2)} ×`, `1 ${verdict(single >= insert)}`],
      ],
    ),
  ].join('\n\n');
}

/** Does each thing by turns, once for nothing and then a few times, and answers the median rate of each. */
async function medians(works: Readonly<Record<string, () => Promise<number>>>): Promise<[string, number][]> {
  const rates = new Map(Object.keys(works).map(name => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      process.stderr.write(`${name} …\n`);
      const rate = await work();
      if (round > 0) rates.get(name)?.push(rate);
    }
  }
  return [...rates].map(([name, all]) => [name, all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0]);
}
