import {send} from '../dist-test/support/send';
import type {BenchServer} from './bench-server';
import {percentile} from './percentile';
import {markdownTable} from './table';

const REQUESTS = 200;

/** Searches for a first page of 50, each time with other values. */
const SEARCHES: readonly [name: string, query: (n: number) => string][] = [
  ['newest', () => ''],
  ['one actor', n => `actor=user-${(n * 37) % 2000}`],
  ['one entity', n => `actedOn=Order&entityId=${(n * 91) % 20_000}`],
  ['one day', n => `from=${day(n)}T00:00:00Z&to=${day(n)}T23:59:59Z`],
  ['failures of one day', n => `outcome=failure&from=${day(n)}T00:00:00Z&to=${day(n)}T23:59:59Z`],
];

const day = (n: number): string =>
  new Date(Date.UTC(2025, 0, 1 + ((n * 11) % 365))).toISOString().slice(0, 10);

/** What the first page of a search costs, by the number of entries that there are. */
export async function benchSearch(server: BenchServer, sizes: readonly number[]): Promise<string> {
  const columns = new Map<number, number[]>();
  for (const size of [...sizes].sort((a, b) => a - b)) {
    const service = await server.serve(size);
    const medians = [];
    for (const [, query] of SEARCHES) {
      const times: number[] = [];
      for (let n = 0; n < REQUESTS; n++) {
        const begun = process.hrtime.bigint();
        const answer = await send(`${service.url}/audit-logs?${query(n)}`, {token: service.token});
        if (answer.status !== 200) throw new Error(answer.text);
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
      }
      medians.push(percentile(times, 0.5));
    }
    columns.set(size, medians);
    await service.stop();
  }
  const found = [...columns];
  const head = ['first page of', ...found.map(([size]) => `p50 at ${size.toLocaleString('en')}`), 'ratio'];
  const rows = SEARCHES.map(([name], i) => {
    const times = found.map(([, medians]) => medians[i] ?? Number.NaN);
    const ratio = (times.at(-1) ?? Number.NaN) / (times[0] ?? Number.NaN);
    return [name, ...times.map(time => `${time.toFixed(1)} ms`), `${ratio.toFixed(1)} ×`];
  });
  return `## Search\n\n${markdownTable(head, rows)}`;
}
