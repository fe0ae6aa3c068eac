import {randomUUID} from 'node:crypto';
import {Agent, request} from 'node:http';
import {Pool} from 'pg';
import type {BenchServer, BenchService} from './bench-server';
import {markdownTable} from './table';

const CLIENTS = [1, 16, 64];
const RUN_MS = 5_000;

const ENTRY = {
  action: 'order.approve',
  actor: 'jane@example.com',
  actedOn: 'Order',
  entityId: '4711',
  before: {status: 'open', total: 120, note: 'as agreed with the customer on the phone'},
  after: {status: 'approved', total: 120, note: 'as agreed with the customer on the phone'},
  changedFields: ['status'],
  description: 'The order was approved by the second pair of eyes',
  metadata: {region: 'eu-1', attempt: 1},
};

/** Entries a second by POST /audit-logs, against plain single-row commits on the same server. */
export async function benchIngest(server: BenchServer): Promise<string> {
  const service = await server.serve(10_000);
  const rows = [];
  for (const clients of CLIENTS) {
    const plain = await plainInserts(service, clients);
    const posted = await posts(service, clients);
    rows.push([
      clients,
      `${plain.toFixed(0)} /s`,
      `${posted.toFixed(0)} /s`,
      `${(posted / plain).toFixed(2)} ×`,
    ]);
  }
  await service.stop();
  const head = ['clients', 'plain INSERT and COMMIT', 'POST /audit-logs', 'ratio'];
  return `## Recording\n\n${markdownTable(head, rows)}`;
}

async function posts({url, token}: BenchService, clients: number): Promise<number> {
  const agent = new Agent({keepAlive: true, maxSockets: clients, scheduling: 'fifo'});
  const body = JSON.stringify(ENTRY);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const rate = await rateOf(
    clients,
    () =>
      new Promise((done, fail) => {
        request(`${url}/audit-logs`, {method: 'POST', agent, headers}, response => {
          if (response.statusCode !== 200) fail(new Error(`${response.statusCode}`));
          response.resume().once('end', () => done());
        })
          .once('error', fail)
          .end(body);
      }),
  );
  agent.destroy();
  return rate;
}

async function plainInserts({settings}: BenchService, clients: number): Promise<number> {
  const {ssl: _ssl, ...connection} = settings;
  const pool = new Pool({...connection, max: clients});
  await pool.query(
    'CREATE TABLE IF NOT EXISTS plain (id uuid PRIMARY KEY, acted_at timestamptz, entry jsonb)',
  );
  const entry = JSON.stringify(ENTRY);
  const rate = await rateOf(clients, async () => {
    await pool.query({
      name: 'plain',
      text: 'INSERT INTO plain VALUES ($1, clock_timestamp(), $2)',
      values: [randomUUID(), entry],
    });
  });
  await pool.end();
  return rate;
}

/** Does one thing again and again by so many clients at once; answers how often a second. */
async function rateOf(clients: number, once: () => Promise<void>): Promise<number> {
  const begun = Date.now();
  let count = 0;
  await Promise.all(
    Array.from({length: clients}, async () => {
      for (; Date.now() - begun < RUN_MS; count++) await once();
    }),
  );
  return (count / (Date.now() - begun)) * 1_000;
}
