import {Client, Pool} from 'pg';
import type {DatabaseSettings} from '../dist';
import {currentTime} from '../dist/models/time';
import {readPageQuery, readQuery} from '../dist/query/parameters';
import {AuditTrailRepository} from '../dist/repositories/audit-trail.repository';
import {countNext} from '../dist/repositories/count-entries';
import {Database} from '../dist/repositories/database';
import {columnList} from '../dist/repositories/entry-row';
import {type BenchServer, TENANT} from './bench-server';
import {percentile} from './percentile';
import {markdownTable, verdict} from './table';

const RUNS = 60;
const PAGE = 50;
const TENANTS = Array.from({length: 100}, (_, i) => `tenant-${i}`);

/** A question, and the best SQL that a person writes for it: a WHERE with its one value, and how it is best answered. */
interface Question {
  name: string;
  ask: (n: number) => Record<string, string>;
  where: string;
  value: (n: number) => unknown;
  /** Found through an index and then sorted, rather than met on the way from the newest. */
  found?: true;
}

const day = (n: number): string =>
  new Date(Date.UTC(2025, 0, 1 + ((n * 11) % 365))).toISOString().slice(0, 10);
const WORDS = 'audit_words(actor_name, actor_email, entity_name, description, reason, metadata)';

const QUESTIONS: readonly Question[] = [
  {name: 'newest', ask: () => ({}), where: '$2::int IS NOT NULL', value: n => n},
  {
    name: 'actor=',
    ask: n => ({actor: `user-${(n * 37) % 2000}`}),
    where: 'actor = $2',
    value: n => `user-${(n * 37) % 2000}`,
  },
  {
    name: 'actedOn=&entityId=',
    ask: n => ({actedOn: 'Order', entityId: String((n * 91) % 20_000)}),
    where: "acted_on = 'Order' AND entity_id = $2",
    value: n => String((n * 91) % 20_000),
  },
  {name: 'action=', ask: () => ({action: 'user.create'}), where: 'action = $2', value: () => 'user.create'},
  {name: 'action=file.*', ask: () => ({action: 'file.*'}), where: 'action LIKE $2', value: () => 'file.%'},
  {
    name: 'action=none.*',
    ask: n => ({action: `none${n}.*`}),
    where: 'action LIKE $2',
    value: n => `none${n}.%`,
    found: true,
  },
  {
    name: 'outcome=failure',
    ask: () => ({outcome: 'failure'}),
    where: "outcome = 'failure' AND $2::int IS NOT NULL",
    value: n => n,
  },
  {
    name: 'severity=critical',
    ask: () => ({severity: 'critical'}),
    where: "severity = 'critical' AND $2::int IS NOT NULL",
    value: n => n,
  },
  {
    name: 'severity=>=high',
    ask: () => ({severity: '>=high'}),
    where: "severity IN ('high', 'critical') AND $2::int IS NOT NULL",
    value: n => n,
  },
  {
    name: 'category= (none)',
    ask: n => ({category: `c${n}`}),
    where: 'category = $2',
    value: n => `c${n}`,
    found: true,
  },
  {
    name: 'serviceName= (none)',
    ask: n => ({serviceName: `s${n}`}),
    where: 'service_name = $2',
    value: n => `s${n}`,
    found: true,
  },
  {name: 'ip=', ask: n => ({ip: `10.0.${n % 4}.${n}`}), where: 'ip = $2', value: n => `10.0.${n % 4}.${n}`},
  {
    name: 'ip=/24',
    ask: n => ({ip: `10.0.${n}.0/24`}),
    where: 'ip <<= $2::inet',
    value: n => `10.0.${n}.0/24`,
  },
  {name: 'requestId=', ask: n => ({requestId: `r${n}`}), where: 'request_id = $2', value: n => `r${n}`},
  {
    name: 'tag=billing (all)',
    ask: () => ({tag: 'billing'}),
    where: 'tags @> ARRAY[$2]',
    value: () => 'billing',
  },
  {
    name: 'tag= (none)',
    ask: n => ({tag: `t${n}`}),
    where: 'tags @> ARRAY[$2]',
    value: n => `t${n}`,
    found: true,
  },
  {
    name: 'search= (one person)',
    ask: n => ({search: `person${(n * 37) % 2000}@example.com`}),
    where: `${WORDS} @@ websearch_to_tsquery('simple', $2)`,
    value: n => `person${(n * 37) % 2000}@example.com`,
    found: true,
  },
  {
    name: 'search= (every entry)',
    ask: () => ({search: 'paid card'}),
    where: `${WORDS} @@ websearch_to_tsquery('simple', $2)`,
    value: () => 'paid card',
  },
  {
    name: 'search= (none)',
    ask: n => ({search: `xyzzy${n}`}),
    where: `${WORDS} @@ websearch_to_tsquery('simple', $2)`,
    value: n => `xyzzy${n}`,
    found: true,
  },
  {
    name: 'q=actor:"Person No. …"',
    ask: n => ({q: `actor:"Person No. ${(n * 37) % 2000}"`}),
    where: `actor_name = $2 AND ${WORDS} @@ plainto_tsquery('simple', $2)`,
    value: n => `Person No. ${(n * 37) % 2000}`,
    found: true,
  },
  {
    name: 'q=after.total:',
    ask: n => ({q: `after.total:>=0 after.total:${n}`}),
    where: 'after @> $2::jsonb',
    value: n => JSON.stringify({total: n}),
    found: true,
  },
  {
    name: 'one day of failures',
    ask: n => ({outcome: 'failure', from: `${day(n)}T00:00:00Z`, to: `${day(n)}T23:59:59Z`}),
    where:
      "outcome = 'failure' AND acted_at >= $2::timestamptz AND acted_at < $2::timestamptz + interval '1 day'",
    value: n => `${day(n)}T00:00:00Z`,
  },
];

/** What a page of each search costs beside the best SQL by hand, and how that grows with the number of entries. */
export async function benchAsk(server: BenchServer, sizes: readonly number[]): Promise<string> {
  const sorted = [...sizes].sort((a, b) => a - b);
  const measured: Map<string, [ours: number, hand: number]>[] = [];
  const notes: string[] = [];
  for (const size of sorted) {
    const asked = await openDatabase({...server.settings, database: await server.seed(size)});
    try {
      measured.push(await questions(asked));
      notes.push(
        `At ${size.toLocaleString('en')} entries: ${await farPage(asked, size)} ${await summary(asked, size)}`,
      );
    } finally {
      await asked.close();
    }
  }
  notes.push(await manyTenants(server, sorted.at(-1) ?? 0));
  return [`## Asking (p95 of the first page of ${PAGE})`, growthTable(sorted, measured), ...notes].join(
    '\n\n',
  );
}

function growthTable(sizes: readonly number[], measured: readonly Map<string, [number, number]>[]): string {
  const head = [
    'question',
    ...sizes.flatMap(size => [`${size.toLocaleString('en')}`, 'to SQL by hand']),
    'growth of the last ten times',
  ];
  const rows = QUESTIONS.map(({name}) => {
    const values = measured.map((at): [number, number] => at.get(name) ?? [Number.NaN, Number.NaN]);
    const [before, last] = [values.at(-2)?.[0], values.at(-1)?.[0]];
    return [
      name,
      ...values.flatMap(([ours, hand]) => [`${ours.toFixed(1)} ms`, (ours / hand).toFixed(2)]),
      before === undefined || last === undefined ? '' : (last / before).toFixed(2),
    ];
  });
  return markdownTable(head, rows);
}

interface Asked {
  auditLogs: AuditTrailRepository;
  database: Database;
  client: Client;
  close(): Promise<void>;
}

async function openDatabase({ssl: _ssl, ...connection}: DatabaseSettings): Promise<Asked> {
  const pool = new Pool({...connection, max: 4});
  const database = new Database(async () => pool);
  const client = new Client(connection);
  await client.connect();
  await client.query(
    "SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0; SET timezone = 'UTC'",
  );
  return {
    auditLogs: new AuditTrailRepository(database, {queryTimeoutMs: 600_000}),
    ...{database, client},
    async close() {
      await client.end();
      await pool.end();
    },
  };
}

async function questions({auditLogs, client}: Asked): Promise<Map<string, [number, number]>> {
  const found = new Map<string, [number, number]>();
  for (const question of QUESTIONS) {
    const ours = (n: number) => {
      const {selection, limit} = readPageQuery(TENANT, question.ask(n));
      return auditLogs.find(TENANT, selection, limit);
    };
    const hand = (n: number) =>
      client.query({text: byHand(question), values: [TENANT, question.value(n)], rowMode: 'array'});
    found.set(question.name, await inTurns(ours, hand));
  }
  return found;
}

/** The p95 of two ways, in milliseconds, each taken in turn so that both meet the same machine. */
async function inTurns(
  a: (n: number) => Promise<unknown>,
  b: (n: number) => Promise<unknown>,
): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < RUNS + 5; n++) {
    for (const [i, work] of [a, b].entries()) {
      const begun = performance.now();
      await work(n);
      if (n >= 5) times[i]?.push(performance.now() - begun);
    }
  }
  return [percentile(times[0], 0.95), percentile(times[1], 0.95)];
}

function byHand({where, found}: Question): string {
  const order = 'ORDER BY acted_at DESC, id DESC';
  if (!found)
    return `SELECT ${columnList()} FROM audit_logs WHERE tenant_id = $1 AND ${where} ${order} LIMIT ${PAGE + 1}`;
  return `SELECT ${columnList()} FROM (SELECT * FROM audit_logs WHERE tenant_id = $1 AND ${where} OFFSET 0) AS found
    ${order} LIMIT ${PAGE + 1}`;
}

/** The first page and the one after half of the entries. */
async function farPage({auditLogs, client}: Asked, size: number): Promise<string> {
  const far = Math.min(500_000, Math.floor(size / 2));
  const {rows} = await client.query(
    `SELECT to_char(acted_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, id FROM audit_logs
      WHERE tenant_id = $1 ORDER BY acted_at DESC, id DESC OFFSET $2 LIMIT 1`,
    [TENANT, far],
  );
  const {selection} = readPageQuery(TENANT, {});
  const after = [rows[0].at, rows[0].id];
  const [first, later] = await inTurns(
    () => auditLogs.find(TENANT, selection, PAGE),
    () => auditLogs.find(TENANT, {...selection, after}, PAGE),
  );
  const ratio = later / first;
  return `the page after ${far.toLocaleString('en')} entries takes ${ratio.toFixed(2)} times the first one (at most 1.5: ${verdict(ratio <= 1.5)}).`;
}

async function summary({auditLogs, database, client}: Asked, size: number): Promise<string> {
  await client.query('SET session_replication_role = replica');
  await client.query('INSERT INTO audit_trees (tenant_id, size) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    TENANT,
    size,
  ]);
  await client.query('SET session_replication_role = DEFAULT');
  const begun = performance.now();
  while ((await countNext(database, TENANT)) > 0);
  const counting = ((performance.now() - begun) * 1000) / size;
  await client.query('VACUUM ANALYZE audit_counts');
  const {condition} = readQuery(TENANT, {}, {now: currentTime()}).selection;
  const columns = ['action', 'acted_on', 'outcome', 'severity', 'category', 'service_name', 'actor'];
  const plain = `SELECT ${columns.join(', ')}, date_trunc('day', acted_at), count(*) FROM audit_logs WHERE tenant_id = $1
     GROUP BY GROUPING SETS ((), ${columns.map(column => `(${column})`).join(', ')}, (date_trunc('day', acted_at)))`;
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < 5; n++) {
    for (const [i, work] of [
      () => auditLogs.summary(TENANT, condition, {bucket: 'day', timeZone: 'UTC', top: 10}),
      () => client.query(plain, [TENANT]),
    ].entries()) {
      const start = performance.now();
      await work();
      times[i]?.push(performance.now() - start);
    }
  }
  const [ours, theirs] = [percentile(times[0], 0.5), percentile(times[1], 0.5)];
  const share = ours / theirs;
  return `A summary takes ${share.toFixed(3)} of the plain GROUP BY (${ours.toFixed(0)} ms to ${theirs.toFixed(0)} ms; at most 0.1: ${verdict(share <= 0.1)}); keeping its counts costs ${counting.toFixed(0)} µs an entry.`;
}

/** One tenant among a hundred, to the same tenant alone. */
async function manyTenants(server: BenchServer, rows: number): Promise<string> {
  const [tenant = ''] = TENANTS;
  const alone = await openDatabase({...server.settings, database: await server.seed(rows / TENANTS.length)});
  const among = await openDatabase({...server.settings, database: await server.seed(rows, TENANTS)});
  try {
    const ratios = [];
    for (const {name, ask} of QUESTIONS) {
      const of = (asked: Asked, tenantId: string) => (n: number) => {
        const {selection, limit} = readPageQuery(tenantId, ask(n));
        return asked.auditLogs.find(tenantId, selection, limit);
      };
      const [one, many] = await inTurns(of(alone, TENANT), of(among, tenant));
      ratios.push({name, ratio: many / one});
    }
    const worst = ratios.sort((a, b) => b.ratio - a.ratio)[0];
    const median = percentile(
      ratios.map(({ratio}) => ratio),
      0.5,
    );
    return `One tenant of a hundred in ${rows.toLocaleString('en')} entries takes ${median.toFixed(2)} times what it takes alone in the median of these questions, and ${worst?.ratio.toFixed(2)} times at most (${worst?.name}; at most 1.3: ${verdict((worst?.ratio ?? 0) <= 1.3)}).`;
  } finally {
    await alone.close();
    await among.close();
  }
}
