import assert from 'node:assert/strict';
import {after, afterEach, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {assertRefused} from '../support/bad-request';
import {eventually} from '../support/eventually';
import {FollowedStream} from '../support/followed-stream';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService({
    STREAM_HEARTBEAT_MS: '200',
    STREAM_LIMIT: '5',
    STREAM_TENANT_LIMIT: '3',
  });
});
after(() => service.stop());

const open: FollowedStream[] = [];
afterEach(async () => {
  for (const stream of open.splice(0)) stream.close();
  await eventually('the service lets go of every stream', async () => {
    const {text} = await service.send('/metrics');
    return /^audit_streams_open 0$/m.test(text) ? true : undefined;
  });
});

async function follow(
  tenantId: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<FollowedStream> {
  const token = await service.token({tenantId});
  const url = `${service.url}/audit-logs/stream?${new URLSearchParams(query)}`;
  const stream = await FollowedStream.open(url, token, headers);
  open.push(stream);
  // The first thing said is where it begins.
  if (!query.lastEventId && !headers['last-event-id'])
    await eventually('the stream begins', async () => stream.lastEventId);
  return stream;
}

async function record(tenantId: string, ...bodies: object[]): Promise<AuditEntry[]> {
  const token = await service.token({tenantId});
  const stored: AuditEntry[] = [];
  for (const body of bodies) {
    const answer = await service.send('/audit-logs', {body: {action: 'a.b', ...body}, token});
    assert.equal(answer.status, 200, answer.text);
    stored.push(answer.json as AuditEntry);
  }
  return stored;
}

async function recordMany(tenantId: string, count: number, body: object = {}): Promise<void> {
  const token = await service.token({tenantId});
  const batch = Array.from({length: count}, () => ({action: 'a.b', ...body}));
  const answer = await service.send('/audit-logs/batch', {body: batch, token});
  assert.equal(answer.status, 200, answer.text);
}

const upTo = (count: number, from = 0) => Array.from({length: count}, (_, i) => from + i);

describe('a stream', () => {
  test('begins with a comment, the time to come again and where it is, and is kept by nobody', async () => {
    await record('begins', {}, {});
    const {response, ...stream} = await follow('begins');
    assert.equal(response.headers['content-type'], 'text/event-stream');
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal(response.headers['x-accel-buffering'], 'no');
    assert.equal(response.headers['content-encoding'], undefined);
    assert.equal(stream.retry, '2000');
    assert.ok((stream.comments[0]?.length ?? 0) > 0);
    assert.deepEqual(stream.events, [{id: '1', type: 'position', data: '{"leafIndex":1}'}]);
  });

  test('tells each entry that is stored from then on, as a search answers it', async () => {
    await record('tells', {actor: 'before'});
    const stream = await follow('tells');
    const stored = await record(
      'tells',
      {after: {text: 'two\nlines \u2028'}, tags: ['x']},
      {metadata: {n: 1}},
    );
    await stream.until(2);
    const token = await service.token({tenantId: 'tells'});
    const found = await service.send('/audit-logs?where={"leafIndex":{"gt":0}}&order=leafIndex', {token});
    assert.deepEqual(stream.entries, found.json);
    assert.deepEqual(
      stream.events.slice(1).map(({id, type}) => [id, type]),
      stored.map(({leafIndex}) => [String(leafIndex), 'entry']),
    );
  });

  test('has every entry once and in order while several write', async () => {
    const stream = await follow('busy');
    await Promise.all(
      Array.from({length: 6}, async () => {
        for (let round = 0; round < 10; round++) {
          await recordMany('busy', 30);
          await record('busy', {});
        }
      }),
    );
    await stream.until(1_860);
    await sleep(300);
    assert.deepEqual(stream.leaves, upTo(1_860));
  });

  test('has entries of its tenant alone', async () => {
    const [one, other] = [await follow('one'), await follow('other')];
    await Promise.all([recordMany('one', 5, {actor: '1'}), recordMany('other', 7, {actor: '2'})]);
    await Promise.all([one.until(5), other.until(7)]);
    await sleep(300);
    assert.deepEqual([one.leaves, other.leaves], [upTo(5), upTo(7)]);
    assert.ok(one.entries.every(({tenantId, actor}) => tenantId === 'one' && actor === '1'));
    assert.ok(other.entries.every(({tenantId, actor}) => tenantId === 'other' && actor === '2'));
  });

  test('has the properties that the filter asks for', async () => {
    const stream = await follow('fields', {filter: '{"fields":["action"]}'});
    await record('fields', {actor: 'x'});
    await stream.until(1);
    assert.deepEqual(stream.entries, [{action: 'a.b'}]);
    assert.equal(stream.lastEventId, '0');
  });

  test('shows each heartbeat interval that it lives', async () => {
    const stream = await follow('beats');
    const beats = () => stream.comments.length;
    const before = beats();
    await sleep(1_100);
    assert.ok(beats() - before >= 4 && beats() - before <= 6, `${beats() - before} in 1.1 s at 200 ms`);
  });

  test('has at once what its own process has stored, however seldom it looks for what others have', async () => {
    const seldom = await startTestService({STREAM_POLL_MS: '60000'});
    try {
      const stream = await FollowedStream.open(`${seldom.url}/audit-logs/stream`, await seldom.token());
      for (let n = 1; n <= 3; n++) {
        await seldom.send('/audit-logs', {body: {action: 'a.b'}});
        const begun = performance.now();
        await stream.until(n);
        assert.ok(performance.now() - begun < 3_000);
      }
      stream.close();
    } finally {
      await seldom.stop();
    }
  });

  test('tells who reads by an entry as any other', async () => {
    const watched = await startTestService({READS_LOGGED: 'view'});
    try {
      const url = `${watched.url}/audit-logs/stream`;
      const stream = await FollowedStream.open(url, await watched.token());
      await eventually('the stream begins', async () => stream.lastEventId);
      assert.equal(stream.lastEventId, '0', 'its own beginning was recorded before it');
      const other = await FollowedStream.open(url, await watched.token({sub: 'curious'}));
      await stream.until(1);
      assert.deepEqual(
        stream.entries.map(({action, actor, path}) => [action, actor, path]),
        [['audit.log.view', 'curious', '/audit-logs/stream']],
      );
      stream.close();
      other.close();
    } finally {
      await watched.stop();
    }
  });
});

describe('a stream with a filter', () => {
  test('has what a search by the same parameters finds', async () => {
    const query = {q: 'actor:jane -outcome:success', where: '{"after.n":{"gt":2}}'};
    const stream = await follow('filter', query);
    const bodies = upTo(40).map(n => ({
      actor: n % 2 ? 'jane' : 'joe',
      outcome: n % 3 ? 'failure' : 'success',
      after: {n},
    }));
    await record('filter', ...bodies);
    const token = await service.token({tenantId: 'filter'});
    const found = await service.send(`/audit-logs?${new URLSearchParams({...query, order: 'leafIndex'})}`, {
      token,
    });
    const expected = found.json as AuditEntry[];
    assert.ok(expected.length > 5 && expected.length < 20);
    await stream.until(expected.length);
    await sleep(300);
    assert.deepEqual(stream.entries, expected);
  });

  test('moves the place to come back to past what it does not have', async () => {
    const stream = await follow('moves', {actor: 'nobody'});
    await recordMany('moves', 50);
    await eventually('the place moves', async () => (stream.lastEventId === '49' ? true : undefined));
    assert.deepEqual(stream.entries, []);
    assert.deepEqual(stream.ofType('position').at(-1), {leafIndex: 49});
  });

  test('finds what is rare in what is far behind, and tells on its way where it is', async () => {
    await record('rare', {actor: 'needle'});
    for (let i = 0; i < 3; i++) await recordMany('rare', 6_000);
    await record('rare', {actor: 'needle'});
    const stream = await follow('rare', {actor: 'needle', lastEventId: 'none'});
    await stream.until(2);
    assert.deepEqual(stream.leaves, [0, 18_001]);
    const positions = stream.ofType('position') as {leafIndex: number}[];
    assert.ok(positions.length >= 3, JSON.stringify(positions));
  });
});

describe('a stream that is resumed', () => {
  test('goes on behind the last event, without loss and without doubles', async () => {
    await recordMany('resumed', 350);
    for (const last of [0, 100, 348]) {
      const stream = await follow('resumed', {}, {'last-event-id': String(last)});
      await stream.until(349 - last);
      await sleep(100);
      assert.deepEqual(stream.leaves, upTo(349 - last, last + 1));
      stream.close();
    }
  });

  test('begins before the first entry where it is told so, and where there was none', async () => {
    const early = await follow('early');
    assert.deepEqual([early.lastEventId, early.ofType('position')], ['none', [{leafIndex: null}]]);
    early.close();
    await recordMany('early', 3);
    const stream = await follow('early', {lastEventId: 'none'});
    assert.deepEqual((await stream.until(3)).leaves, upTo(3));
  });

  test('goes by the header before the parameter, as an EventSource that comes back', async () => {
    await recordMany('both', 10);
    const stream = await follow('both', {lastEventId: '2'}, {'last-event-id': '7'});
    assert.deepEqual((await stream.until(2)).leaves, [8, 9]);
    const fresh = await follow('both', {lastEventId: '2'}, {'last-event-id': ''});
    assert.deepEqual((await fresh.until(7)).leaves, upTo(7, 3));
  });

  test('tells of entries that an archive has taken, and goes on', async () => {
    const tenantId = 'gaps';
    const token = await service.token({tenantId});
    await record(tenantId, ...upTo(10).map(n => ({entityId: n < 3 || n === 6 || n === 7 ? 'old' : 'new'})));
    const archived = await service.send('/audit-logs/archive', {body: {entityId: 'old'}, token});
    assert.equal(archived.status, 200, archived.text);
    const stream = await follow(tenantId, {lastEventId: '0'});
    await stream.until(5);
    assert.deepEqual(
      stream.events.map(({id, type, data}) => (type === 'gap' ? [id, JSON.parse(data)] : id)),
      [['2', {from: 1, to: 2}], '3', '4', '5', ['7', {from: 6, to: 7}], '8', '9'],
    );
    const filtered = await follow(tenantId, {lastEventId: '0', action: 'a.b'});
    await filtered.until(5);
    assert.deepEqual(filtered.leaves, [3, 4, 5, 8, 9]);
    assert.deepEqual(filtered.ofType('gap'), [{from: 1, to: 2}]);
  });
});

describe('a stream is refused', () => {
  const bad: [what: string, query: string, field: string, code?: string, headers?: Record<string, string>][] =
    [
      ['a last event before the first', 'lastEventId=-1', 'lastEventId'],
      ['a last event that is no number', 'lastEventId=x', 'lastEventId'],
      ['an empty last event', 'lastEventId=', 'lastEventId'],
      ['two last events', 'lastEventId=1&lastEventId=2', 'lastEventId'],
      ['a last event of 16 digits', 'lastEventId=1000000000000000', 'lastEventId'],
      ['a last event that there has not been', 'lastEventId=2', 'lastEventId'],
      ['a header before the first', '', 'Last-Event-ID', 'INVALID_PARAMETER', {'last-event-id': '-1'}],
      ['a header of an event to come', '', 'Last-Event-ID', 'INVALID_PARAMETER', {'last-event-id': '2'}],
      ['a limit', 'limit=5', 'limit'],
      ['a cursor', 'cursor=x', 'cursor'],
      ['an order', 'order=actor', 'order'],
      ['includeChanges', 'include_changes=false', 'include_changes'],
      ['a limit in the filter', 'filter={"limit":5}', 'filter.limit', 'INVALID_FILTER'],
      ['a skip in the filter', 'filter={"skip":5}', 'filter.skip', 'INVALID_FILTER'],
      ['an order in the filter', 'filter={"order":"actor"}', 'filter.order', 'INVALID_FILTER'],
      ['archived entries', 'includeArchivedLogs=true', 'includeArchivedLogs'],
    ];
  before(() => record('bad', {}, {}));
  for (const [what, query, field, code = 'INVALID_PARAMETER', headers = {}] of bad) {
    test(`for ${what}`, async () => {
      const token = await service.token({tenantId: 'bad'});
      const answer = await service.send(`/audit-logs/stream?${query}`, {headers, token});
      assertRefused(answer, {status: 400, code, field});
    });
  }

  test('without the permission to view', async () => {
    const token = await service.token({permissions: ['CreateAudit']});
    const answer = await service.send('/audit-logs/stream', {token});
    assertRefused(answer, {status: 403, code: 'FORBIDDEN', field: 'permissions'});
  });

  test('beyond the bound of its tenant and that of the process, until others end', async () => {
    const refused = async (tenantId: string) => {
      const answer = await service.send('/audit-logs/stream', {token: await service.token({tenantId})});
      assert.equal(answer.status, 503, answer.text);
      assert.equal((answer.json as {error: {code: string}}).error.code, 'TOO_MANY_STREAMS');
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
    };
    const first = await follow('bound');
    await follow('bound');
    await follow('bound');
    await refused('bound');
    await follow('bound-2');
    await follow('bound-2');
    await refused('bound-2');
    first.close();
    await eventually('there is room again', async () => follow('bound').catch(() => undefined));
  });
});

describe('a stream ends', () => {
  test('when the token expires', async () => {
    const begun = Date.now();
    const token = await service.token({tenantId: 'expires', expiresIn: '3s'});
    const stream = await FollowedStream.open(`${service.url}/audit-logs/stream`, token);
    open.push(stream);
    await record('expires', {});
    await stream.until(1);
    assert.equal(stream.end, undefined);
    assert.equal(await stream.ended(), 'whole');
    // A token counts in whole seconds.
    const lived = Date.now() - begun;
    assert.ok(lived > 1_900 && lived < 4_000, `${lived} ms`);
  });

  test('at once when the service stops, also where its client takes nothing', async () => {
    const stopping = await startTestService();
    const url = `${stopping.url}/audit-logs/stream`;
    const token = await stopping.token();
    const body = Array.from({length: 40}, () => ({action: 'a.b', after: {text: 'x'.repeat(200_000)}}));
    for (let i = 0; i < 2; i++) {
      const lines = body.map(each => JSON.stringify(each)).join('\n');
      const headers = {'content-type': 'application/x-ndjson'};
      assert.equal((await stopping.send('/audit-logs/batch', {body: lines, headers})).status, 200);
    }
    const idle = await FollowedStream.open(url, token);
    const slow = await FollowedStream.open(`${url}?lastEventId=none`, token);
    slow.response.pause();
    let had = 0;
    await eventually('nothing more goes to the client', async () => {
      await sleep(500);
      const {bytesRead} = slow.response.socket;
      const isStuck = bytesRead > 100_000 && bytesRead === had;
      had = bytesRead;
      return isStuck ? true : undefined;
    });
    const begun = performance.now();
    await stopping.stop();
    const took = performance.now() - begun;
    assert.ok(took < 2_000, `${took} ms`);
    assert.equal(await idle.ended(), 'whole');
    slow.response.resume();
    assert.equal(await slow.ended(), 'cut');
  });
});
