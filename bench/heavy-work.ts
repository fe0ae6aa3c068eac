import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout} from 'node:timers/promises';
import {send} from '../dist-test/support/send';
import type {BenchService} from './bench-server';

/** Work on every entry of a tenant. */
export const HEAVY_WORK = ['csv', 'ndjson', 'json', 'xlsx', 'archive'] as const;
export type HeavyWork = (typeof HEAVY_WORK)[number];

/** Does the work once, with its result thrown away; answers when it is done. */
export async function doHeavyWork(work: HeavyWork, service: BenchService): Promise<void> {
  await (work === 'archive' ? archive(service) : download(work, service));
}

/** By curl, so that taking the file in costs the measuring process nothing. */
async function download(format: string, {url, token}: BenchService): Promise<void> {
  const target = `${url}/audit-logs/export?format=${format}`;
  const child = spawn(
    'curl',
    ['--silent', '--fail', '--output', '/dev/null', '--header', `Authorization: Bearer ${token}`, target],
    {stdio: 'ignore'},
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The export ended with status ${code} of curl.`);
}

async function archive({url, token}: BenchService): Promise<void> {
  const asked = await send(`${url}/audit-logs/archive`, {
    token,
    headers: {prefer: 'respond-async'},
    body: {date: {fromDate: '2000-01-01', toDate: '2100-01-01'}},
  });
  const {jobId} = asked.json as {jobId: string};
  for (;;) {
    const {status} = (await send(`${url}/audit-logs/jobs/${jobId}`, {token})).json as {status: string};
    if (status === 'COMPLETED') return;
    if (status === 'FAILED') throw new Error('The archive job failed.');
    await setTimeout(200);
  }
}
