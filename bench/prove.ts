import {generateKeyPairSync} from 'node:crypto';
import {HASH_BYTES} from '../dist/integrity/merkle-hash';
import {inclusionProof} from '../dist/integrity/tree-reader';
import {testToken} from '../dist-test/support/test-token';
import {benchEntry} from './bench-entry';
import {type BenchServer, type BenchService, TENANT} from './bench-server';
import {percentile} from './percentile';
import {plantTree} from './planted-tree';
import {Poster} from './post';
import {sampleIds, timesOf} from './steady-reader';
import {markdownTable, verdict} from './table';

const BATCH = 1_000;
const BATCHES = 20;
const READS = 2_000;

/** What the size of a tree costs the writer, and what a proof costs the reader. */
export async function benchProve(server: BenchServer): Promise<string> {
  const [few, many] = [1_000, 1_000_000];
  const [atFew, atMany] = [await measured(server, few), await measured(server, many)];
  const ratio = atMany.perEntry / atFew.perEntry;
  const proof = atMany.latency;
  return [
    '## Trees by their size',
    markdownTable(
      [
        'entries in the tree',
        'µs an entry, batches of 1,000',
        'GET by id, p99',
        'proof, p99',
        'tiles of a proof',
      ],
      [row(few, atFew), row(many, atMany)],
    ),
    `An entry costs ${ratio.toFixed(2)} times as much at a million (aim 1.2: ${verdict(ratio <= 1.2)}); a proof reads at most ${atMany.tiles} tiles (aim 12: ${verdict(atMany.tiles <= 12)}), and its p99 is ${(proof.proof / proof.entry).toFixed(2)} times that of the entry.`,
  ].join('\n\n');
}

const row = (size: number, {perEntry, latency, tiles}: Measured): string[] => [
  size.toLocaleString('en'),
  perEntry.toFixed(1),
  `${latency.entry.toFixed(1)} ms`,
  `${latency.proof.toFixed(1)} ms`,
  `${tiles}`,
];

interface Measured {
  perEntry: number;
  latency: {entry: number; proof: number};
  tiles: number;
}

async function measured(server: BenchServer, size: number): Promise<Measured> {
  process.stderr.write(`a tree of ${size.toLocaleString('en')} …\n`);
  const pem = generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString();
  const service = await server.serve(size, {SIGNING_KEY: pem}, settings => plantTree(settings, size));
  try {
    const latency = await latencies(service);
    return {perEntry: await writing(service), latency, tiles: await tilesOfProof(size)};
  } finally {
    await service.stop();
  }
}

async function latencies(service: BenchService): Promise<Measured['latency']> {
  const ids = await sampleIds(service);
  const p99 = async (path: string) => {
    await timesOf(service, ids.slice(0, 200), id => `/audit-logs/${id}${path}`);
    const all = Array.from({length: READS}, (_, n) => ids[n % ids.length] as string);
    return percentile(await timesOf(service, all, id => `/audit-logs/${id}${path}`), 0.99);
  };
  return {entry: await p99(''), proof: await p99('/proof')};
}

/** Microseconds an entry, one batch after another. */
async function writing({url}: BenchService): Promise<number> {
  const poster = new Poster(await testToken({tenantId: TENANT}), 'application/x-ndjson', 1);
  const bodies = Array.from({length: BATCHES}, (_, b) =>
    Buffer.from(
      Array.from({length: BATCH}, (_, i) => `${JSON.stringify(benchEntry(b * BATCH + i))}\n`).join(''),
    ),
  );
  const times: number[] = [];
  for (const body of bodies) {
    const begun = performance.now();
    await poster.post(`${url}/audit-logs/batch`, body);
    times.push(performance.now() - begun);
  }
  poster.close();
  return (percentile(times, 0.5) * 1_000) / BATCH;
}

/** The most tiles that a proof of one of many leaves reads. */
async function tilesOfProof(size: number): Promise<number> {
  let most = 0;
  for (let n = 0; n < 1_000; n++) {
    await inclusionProof(Math.floor((n / 1_000) * size), size, async spans => {
      most = Math.max(most, spans.length);
      return spans.map(({width}) => Buffer.alloc(width * HASH_BYTES));
    });
  }
  return most;
}
