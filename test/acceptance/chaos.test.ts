import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import type {Job} from '../../dist/models/job.model';
import {BAD_ARCHIVE_FILTERS} from '../support/bad-archive-filters';
import {BAD_BATCHES} from '../support/bad-batches';
import {BAD_ENTRIES} from '../support/bad-entries';
import {BAD_HTTP} from '../support/bad-http';
import {BAD_QUERIES_OF_A_PATH, badQueries} from '../support/bad-queries';
import {badTokens, signedToken} from '../support/bad-tokens';
import {REGEXP_BOMBS, TEXT_BOMBS} from '../support/bombs';
import {type ChildService, startChildService} from '../support/child-service';
import type {SendOptions} from '../support/send';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {SECRET} from '../support/test-service';
import {endedJob} from '../support/wait-for-job';
import {assertExactlyOnce, whereabouts} from '../support/whereabouts';

const REQUESTS = 800;
const ENTRIES = 2_000;

let db: TestDatabase;
let folder: string;
let service: ChildService;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-chaos-'));
  service = await startChildService(db, folder, {QUERY_TIMEOUT_MS: '2000', ARCHIVE_WAIT_MS: '200'});
});
after(async () => {
  if (!service.hasEnded) await service.kill('SIGKILL');
  await db.drop();
  await rm(folder, {recursive: true, force: true});
});

interface ChaosRequest {
  path: string;
  options?: SendOptions;
}

/** Every bad request that there is, and searches for bombs. */
const BAD: ChaosRequest[] = [
  ...[...BAD_ENTRIES, ...BAD_BATCHES, ...BAD_ARCHIVE_FILTERS, ...BAD_HTTP, ...BAD_QUERIES_OF_A_PATH],
  ...['/audit-logs', '/audit-logs/count', '/audit-logs/export'].flatMap(badQueries),
  ...[...TEXT_BOMBS, ...REGEXP_BOMBS].flatMap(bomb => {
    const where = [{actor: bomb}, {reason: {regexp: bomb}}, {[bomb]: 1}, {reason: {[bomb]: 1}}];
    return where.map(condition => ({
      path: `/audit-logs?${new URLSearchParams({filter: JSON.stringify({where: condition})})}`,
    }));
  }),
];

/** Tokens of every kind; one that is left out permits everything. */
const TOKENS: Pick<SendOptions, 'token' | 'headers'>[] = [
  ...[{}, {}, {}, {}, {token: null}],
  ...[[], ['1'], ['2'], ['5'], ['6'], ['ViewAudit', 'ExportLogs']].map(permissions => ({
    token: signedToken(SECRET, {permissions}),
  })),
  {token: signedToken(SECRET, {tenantId: 'other', permissions: ['1', '5']})},
  ...badTokens(SECRET).flatMap(({authorization}) =>
    authorization === undefined ? [] : [{token: null, headers: {authorization}}],
  ),
];

const sent = new Set<string>();

async function fill(): Promise<void> {
  const entries = Array.from({length: ENTRIES}, (_, i) => {
    const id = randomUUID();
    sent.add(id);
    return {id, action: 'a.b', actedOn: i % 2 ? 'order' : 'bill', reason: `${'a'.repeat(200)}!`};
  });
  const answer = await service.send('/audit-logs/batch', {body: entries});
  assert.equal(answer.status, 200, answer.text);
}

/** Files a job of each kind and answers their ids. */
async function jobs(): Promise<string[]> {
  const asked: [path: string, options?: SendOptions][] = [
    ['/audit-logs/archive', {body: {actedOn: 'order'}, headers: {prefer: 'respond-async'}}],
    ['/audit-logs?includeArchivedLogs=true'],
    ['/audit-logs/export?includeArchivedLogs=true&format=csv'],
  ];
  const answers = await Promise.all(asked.map(([path, options]) => service.send(path, options)));
  return answers.map(({json}) => (json as {jobId: string}).jobId);
}

/** Sends requests, some of which are given up half-way, and asks for the jobs between them. */
async function bother(requests: IterableIterator<Chance>, jobIds: readonly string[]): Promise<void> {
  for (const {request, token, abandoned, job} of requests) {
    const asked = service.send(`/audit-logs/jobs/${jobIds[job]}`).then(answer => {
      assert.equal(answer.status, 200, answer.text);
    });
    const headers = {...request.options?.headers, ...token.headers};
    const options = {...request.options, ...token, headers};
    if (abandoned) await abandon(request.path, options);
    else {
      const answer = await service.send(request.path, options);
      const {error} = answer.status < 400 ? {error: undefined} : (answer.json as {error: {code: string}});
      const stopped = error?.code === 'QUERY_TIMEOUT' || error?.code === 'TOO_MANY_EXPORTS';
      assert.ok(answer.status < 500 || stopped, `${request.path.slice(0, 200)}: ${answer.text}`);
      assert.ok(answer.status < 400 || error?.code, answer.text);
    }
    await asked;
  }
}

async function abandon(path: string, {method = 'GET', body, headers}: SendOptions): Promise<void> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  await fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${signedToken(SECRET, {})}`,
      'content-type': 'application/json',
      ...headers,
    },
    ...(body !== undefined && {body: raw ? (body as string) : JSON.stringify(body)}),
    signal: AbortSignal.timeout(2),
  }).catch(() => undefined);
}

const CHANCE = fc.record({
  request: fc.constantFrom(...BAD),
  token: fc.constantFrom(...TOKENS),
  abandoned: fc.integer({min: 0, max: 9}).map(n => n === 0),
  job: fc.integer({min: 0, max: 2}),
});
type Chance = typeof CHANCE extends fc.Arbitrary<infer T> ? T : never;

test('no request of any kind, from any token, harms the service or what it does meanwhile', async t => {
  const seed = Date.now() | 0;
  t.diagnostic(`seed ${seed}`);
  const requests = fc.sample(CHANCE, {numRuns: REQUESTS, seed}).values();
  await fill();
  const jobIds = await jobs();
  await Promise.all(Array.from({length: 6}, () => bother(requests, jobIds)));

  assert.equal(service.hasEnded, false, service.output);
  const [archive, query, exported] = await Promise.all(jobIds.map(id => endedJob(service.send, id)));
  for (const job of [archive, query, exported]) assert.equal(job?.status, 'COMPLETED', JSON.stringify(job));
  assertAllOnce(query);

  assertExactlyOnce(await whereabouts(db, new FilesystemStore(join(folder, 'objects'))), sent, sent);
  const posted = await service.send('/audit-logs', {body: {action: 'still.there'}});
  assert.equal(posted.status, 200, posted.text);
  const all = await service.send('/audit-logs?includeArchivedLogs=true');
  const again = await endedJob(service.send, (all.json as {jobId: string}).jobId);
  sent.add((posted.json as AuditEntry).id);
  assertAllOnce(again);
  assert.doesNotMatch(service.output, /unhandled|uncaught|TypeError|ReferenceError/i);
  assert.deepEqual(await service.kill('SIGTERM'), {code: 0, signal: null}, service.output);
});

function assertAllOnce(query: Job | undefined): void {
  const ids = ((query?.result as AuditEntry[] | undefined) ?? []).map(({id}) => id);
  assert.equal(ids.length, new Set(ids).size);
  assert.deepEqual(new Set(ids), sent);
}
