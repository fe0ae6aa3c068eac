import {readFile} from 'node:fs/promises';
import type {BenchServer} from './bench-server';
import {doHeavyWork, HEAVY_WORK, type HeavyWork} from './heavy-work';
import {markdownTable, verdict} from './table';

/** The peak for many entries may exceed the peak for few by so much, in MB. */
const ALLOWED_MB = 80;

/** Whether memory is flat in the number of entries: peak resident set of the service, a fresh process each time. */
export async function benchMemory(server: BenchServer, sizes: readonly number[]): Promise<string> {
  const [few = 0, many = 0] = [Math.min(...sizes), Math.max(...sizes)];
  const rows = [];
  for (const work of HEAVY_WORK) {
    const [least, most] = [await peak(server, work, few), await peak(server, work, many)];
    const more = most - least;
    rows.push([work, mb(least), mb(most), mb(more), verdict(more <= ALLOWED_MB)]);
  }
  const head = [
    'work',
    `peak at ${count(few)}`,
    `peak at ${count(many)}`,
    'difference',
    `≤ ${ALLOWED_MB} MB`,
  ];
  return `## Memory of the service\n\n${markdownTable(head, rows)}`;
}

async function peak(server: BenchServer, work: HeavyWork, rows: number): Promise<number> {
  process.stderr.write(`memory of ${work} at ${count(rows)} …\n`);
  const service = await server.serve(rows);
  try {
    await doHeavyWork(work, service);
    return await peakResidentMb(service.process.pid);
  } finally {
    await service.stop();
  }
}

/** VmHWM of proc(5): the most physical memory that the process has had, in MB. */
async function peakResidentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

const mb = (value: number) => `${value.toFixed(0)} MB`;
const count = (value: number) => value.toLocaleString('en');
