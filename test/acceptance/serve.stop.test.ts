import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {Agent, request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {DEVELOPER, signToken} from '../../dist/cli/development-token';
import {readSettings} from '../../dist/settings';
import {startChildService} from '../support/child-service';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {SECRET} from '../support/test-service';

const CLIENTS = 64;
const ROUNDS = 5;

let db: TestDatabase;
let folder: string;
let token: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-stop-'));
  token = await signToken(SECRET, {...DEVELOPER, tenantId: 'acme'}, readSettings({JWT_SECRET: SECRET}));
});
after(async () => {
  await db?.drop();
  await rm(folder, {recursive: true, force: true});
});

/** Posts one entry: its status, or the code of the fault for which there is no answer. */
function post(url: string, agent: Agent): Promise<{outcome: string; connection: string | undefined}> {
  return new Promise(done => {
    const headers = {authorization: `Bearer ${token}`, 'content-type': 'application/json'};
    const sent = request(`${url}/audit-logs`, {method: 'POST', headers, agent}, response => {
      const {statusCode, headers: answered} = response;
      response.resume().once('close', () => {
        const outcome = response.complete ? String(statusCode) : 'CUT';
        done({outcome, connection: answered.connection});
      });
    });
    sent.once('error', error =>
      done({outcome: (error as NodeJS.ErrnoException).code ?? 'FAULT', connection: undefined}),
    );
    sent.end(JSON.stringify({action: 'a.b', description: 'x'.repeat(500)}));
  });
}

const stored = async () =>
  (await db.admin.query('SELECT count(*)::int AS entries FROM audit_logs')).rows[0].entries;

for (let round = 1; round <= ROUNDS; round++) {
  test(`SIGTERM under load cuts off nothing that was accepted (${round})`, async () => {
    const before = await stored();
    const service = await startChildService(db, folder, {LOG_LEVEL: 'info'});
    const agent = new Agent({keepAlive: true, maxSockets: CLIENTS});
    const outcomes: Record<string, number> = {};
    const lastConnections: (string | undefined)[] = [];
    const clients = Array.from({length: CLIENTS}, async () => {
      for (let last: string | undefined; ; ) {
        const {outcome, connection} = await post(service.url, agent);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome !== '200') {
          lastConnections.push(last);
          return;
        }
        last = connection;
      }
    });
    while ((outcomes['200'] ?? 0) < 5 * CLIENTS) await sleep(20);
    await sleep(round * 37);
    const ended = service.kill('SIGTERM');
    await Promise.all(clients);
    assert.deepEqual(await ended, {code: 0, signal: null});
    agent.destroy();

    const answered = outcomes['200'] ?? 0;
    assert.deepEqual(outcomes, {200: answered, ECONNREFUSED: CLIENTS});
    assert.deepEqual(new Set(lastConnections), new Set(['close']), 'each was told that its connection ends');
    assert.equal((await stored()) - before, answered, 'what was stored was answered');
    assert.doesNotMatch(service.output, /"status":(499|5\d\d)|after calling end on the pool/);
  });
}
