import {Agent, get} from 'node:http';
import {Client} from 'pg';
import {type BenchService, TENANT} from './bench-server';

const SAMPLE = 2_000;

/** Ids of entries all over the trail. */
export async function sampleIds({settings}: BenchService): Promise<string[]> {
  const {ssl: _ssl, ...connection} = settings;
  const client = new Client(connection);
  await client.connect();
  const {rows} = await client.query(
    'SELECT id FROM audit_logs WHERE tenant_id = $1 ORDER BY md5(entity_id || request_id) LIMIT $2',
    [TENANT, SAMPLE],
  );
  await client.end();
  return rows.map(({id}) => id);
}

/**
 * One client on one connection that asks for one entry after another until it is told to stop. An entry that
 * has been archived meanwhile is answered too, by 404.
 *
 * @returns the time of each request, in milliseconds
 */
export async function readSteadily(
  service: BenchService,
  ids: readonly string[],
  until: AbortSignal,
): Promise<number[]> {
  const endless = (function* () {
    for (let n = 0; !until.aborted; n++) yield ids[n % ids.length] as string;
  })();
  return timesOf(service, endless, id => `/audit-logs/${id}`);
}

/** Asks for one path after another on one connection; answers how long each took, in milliseconds. */
export async function timesOf(
  {url, token}: BenchService,
  ids: Iterable<string>,
  pathOf: (id: string) => string,
): Promise<number[]> {
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  const headers = {authorization: `Bearer ${token}`};
  const times: number[] = [];
  for (const id of ids) {
    const begun = process.hrtime.bigint();
    await new Promise<void>((done, fail) => {
      get(`${url}${pathOf(id)}`, {agent, headers}, response => {
        response.resume().once('end', done);
      }).once('error', fail);
    });
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  agent.destroy();
  return times;
}
