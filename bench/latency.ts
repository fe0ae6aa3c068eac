import type {BenchServer, BenchService} from './bench-server';
import {doHeavyWork, HEAVY_WORK, type HeavyWork} from './heavy-work';
import {percentile} from './percentile';
import {readSteadily, sampleIds} from './steady-reader';
import {markdownTable, verdict} from './table';

/** Another caller's p99 may grow by this factor while heavy work is done. */
const ALLOWED_FACTOR = 3;
const AT_REST_MS = 5_000;

/** What one caller's GET /audit-logs/{id} costs at rest, and while another exports or archives everything. */
export async function benchLatency(server: BenchServer, sizes: readonly number[]): Promise<string> {
  const size = Math.max(...sizes);
  const rows = [];
  for (const work of HEAVY_WORK) {
    process.stderr.write(`latency while ${work} …\n`);
    const service = await server.serve(size);
    try {
      const ids = await sampleIds(service);
      await readSteadily(service, ids, AbortSignal.timeout(2_000));
      const before = await readSteadily(service, ids, AbortSignal.timeout(AT_REST_MS));
      const busy = await whileDoing(work, service, ids);
      // Before and after: the machine may not be as quiet at one time as at another.
      const rest = [...before, ...(await readSteadily(service, ids, AbortSignal.timeout(AT_REST_MS)))];
      const factor = percentile(busy, 0.99) / percentile(rest, 0.99);
      rows.push([
        work,
        ...[rest, busy].flatMap(times => [ms(percentile(times, 0.5)), ms(percentile(times, 0.99))]),
        ms(Math.max(...busy)),
        busy.length,
        `${factor.toFixed(1)} ×`,
        verdict(factor <= ALLOWED_FACTOR),
      ]);
    } finally {
      await service.stop();
    }
  }
  const head = [
    'meanwhile',
    'p50 at rest',
    'p99 at rest',
    'p50',
    'p99',
    'longest',
    'requests',
    'p99 ratio',
    `≤ ${ALLOWED_FACTOR} ×`,
  ];
  const title = `## Latency of GET /audit-logs/{id}, ${size.toLocaleString('en')} entries`;
  return `${title}\n\n${markdownTable(head, rows)}`;
}

async function whileDoing(work: HeavyWork, service: BenchService, ids: readonly string[]): Promise<number[]> {
  const done = new AbortController();
  const reading = readSteadily(service, ids, done.signal);
  await doHeavyWork(work, service).finally(() => done.abort());
  return reading;
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
