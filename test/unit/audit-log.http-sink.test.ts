import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {after, afterEach, before, describe, test} from 'node:test';
import {AuditServiceError, HttpSink, type HttpSinkOptions, type SinkEntry} from '@loopback-audit/audit-log';

/** Requests as they came, each with its lines. */
const requests: SinkEntry[][] = [];
let answer: (entries: readonly SinkEntry[]) => {
  status: number;
  body?: string;
  headers?: Record<string, string>;
};
let server: Server;

before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const entries = body
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as SinkEntry);
    requests.push(entries);
    const {status, body: text = '{}', headers = {}} = answer(entries);
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
});
after(() => server.close());
afterEach(() => requests.splice(0));

const entry = (entityId: string, more: Partial<SinkEntry> = {}): SinkEntry => ({
  ...{id: randomUUID(), action: 'order.pay', actor: 'jane', actedAt: new Date().toISOString(), entityId},
  ...more,
});
const sink = (options: Partial<HttpSinkOptions> = {}) =>
  new HttpSink({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: () => 'token',
    ...options,
  });
const failureOf = async (delivered: Promise<void>): Promise<AuditServiceError> => {
  const error = await delivered.then(
    () => undefined,
    fault => fault,
  );
  assert.ok(error instanceof AuditServiceError, String(error));
  return error;
};
const ids = () => requests.map(entries => entries.map(({entityId}) => entityId));

describe('a call that is too large for one request is sent in several, in order', () => {
  test('by the number of its entries', async () => {
    answer = () => ({status: 200});
    await sink({batchSize: 2}).deliver(['1', '2', '3', '4', '5'].map(id => entry(id)));
    assert.deepEqual(ids(), [['1', '2'], ['3', '4'], ['5']]);
  });

  test('by its bytes; an entry that is larger by itself goes alone', async () => {
    answer = () => ({status: 200});
    const large = (id: string) => entry(id, {reason: 'ü'.repeat(600)});
    await sink({batchBytes: 2_000}).deliver([
      entry('1'),
      large('2'),
      entry('3'),
      entry('4', {reason: 'x'.repeat(3_000)}),
      large('5'),
    ]);
    assert.deepEqual(ids(), [['1', '2', '3'], ['4'], ['5']]);
  });

  test('and calls that share a request do not exceed it together', async () => {
    answer = () => ({status: 200});
    const shared = sink({batchSize: 3});
    await Promise.all(['1', '2', '3', '4', '5'].map(id => shared.deliver([entry(id), entry(`${id}b`)])));
    assert.ok(
      requests.every(entries => entries.length <= 3),
      JSON.stringify(ids()),
    );
    assert.equal(ids().flat().length, 10);
  });
});

describe('an answer of too many requests', () => {
  test('is told with the time to wait, and calls that shared the request are not sent one by one', async () => {
    answer = () => ({status: 429, headers: {'retry-after': '7'}});
    const shared = sink();
    const failures = await Promise.all(['1', '2', '3'].map(id => failureOf(shared.deliver([entry(id)]))));
    assert.equal(requests.length, 2, 'the first alone, the others together');
    assert.deepEqual(
      failures.map(({statusCode, retryAfterMs}) => [statusCode, retryAfterMs]),
      [1, 2, 3].map(() => [429, 7_000]),
    );
  });
});

test('a refused entry fails the call that brought it alone', async () => {
  answer = entries =>
    entries.some(({entityId}) => entityId === '2')
      ? {
          status: 400,
          body: '{"error":{"code":"INVALID_BATCH","message":"No.","details":[{"field":"ip","message":"is none"}]}}',
        }
      : {status: 200};
  const shared = sink();
  const [first, second, third] = await Promise.allSettled(
    ['1', '2', '3'].map(id => shared.deliver([entry(id)])),
  );
  assert.deepEqual([first?.status, third?.status], ['fulfilled', 'fulfilled']);
  const {code, message} = (second as PromiseRejectedResult).reason as AuditServiceError;
  assert.equal(code, 'INVALID_BATCH');
  assert.equal(message, 'The audit service answers 400. No. ip is none.');
});

for (const body of [
  '{"message":"Bad gateway"}',
  'null',
  '<html>',
  '{"error":null}',
  '{"error":"down"}',
  '{"error":{"details":[null]}}',
]) {
  test(`an answer that is not the service's own is an error like any other: ${body}`, async () => {
    answer = () => ({status: 502, body});
    assert.equal((await failureOf(sink().deliver([entry('1')]))).statusCode, 502);
  });
}
