import assert from 'node:assert/strict';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {httpSender} from '../../dist/import/http-sender';
import {BatchService, refuse} from './batch-service';

const lines = ['{"id":"1","action":"a"}', '{"id":"2","action":"b"}'];

describe('httpSender', () => {
  let service: BatchService;
  let url: string;
  beforeEach(async () => {
    service = new BatchService();
    url = await service.start();
  });
  afterEach(() => service.stop());

  it('sends NDJSON with the token, and tells new from known', async () => {
    const send = httpSender({url: `${url}/`, token: 'T'});
    assert.deepEqual(await send(lines), {stored: 2, known: 0, rejected: []});
    assert.deepEqual(await send(lines), {stored: 0, known: 2, rejected: []});
    const [request] = service.requests;
    assert.equal(request?.headers['content-type'], 'application/x-ndjson');
    assert.equal(request?.headers.authorization, 'Bearer T');
  });

  it('answers the lines that are refused', async () => {
    const answer = await httpSender({url})([...lines, '{"id":"3","action":"bad"}']);
    assert.deepEqual(answer, {
      stored: 0,
      known: 0,
      rejected: [
        {index: 2, details: [{field: 'action', code: 'INVALID_VALUE', message: 'must be good', line: 3}]},
      ],
    });
  });

  it('tries again when the service is busy, no sooner than it asks, and when the connection breaks', async () => {
    service.first.push(
      response => {
        response.setHeader('retry-after', '1');
        refuse(response, 503, 'DATABASE_UNAVAILABLE');
      },
      response => response.destroy(),
      response => refuse(response, 502, 'STORE_FAILED'),
    );
    const started = Date.now();
    assert.deepEqual(await httpSender({url, firstPause: 5})(lines), {stored: 2, known: 0, rejected: []});
    assert.equal(service.requests.length, 4);
    assert.ok(Date.now() - started >= 990);
  });

  it('gives up in the end', async () => {
    const send = httpSender({url: 'http://127.0.0.1:9', attempts: 3, firstPause: 1});
    await assert.rejects(send(lines), {code: 'SERVICE_UNREACHABLE', message: /cannot be reached/});
  });

  it('throws the code of a refusal that names no lines, without trying again', async () => {
    service.first.push(response => refuse(response, 401, 'INVALID_TOKEN'));
    await assert.rejects(httpSender({url})(lines), {
      code: 'INVALID_TOKEN',
      message: 'The service answers 401: no: INVALID_TOKEN',
    });
    service.first.push(response => response.end('<html>'));
    await assert.rejects(httpSender({url})(lines), {
      code: 'INVALID_BATCH',
      message: /is this the audit service/,
    });
    assert.equal(service.requests.length, 2);
  });
});
