import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {after, before, test} from 'node:test';
import {BAD_BATCHES} from '../support/bad-batches';
import {assertRefused, type ErrorBody, testRefusals} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.stop());

testRefusals(() => service, BAD_BATCHES);

const countEntries = async () => (await service.send('/audit-logs/count')).json;

/** Lines of NDJSON, of which some are bad, sent as they are made. */
async function sendLines(count: number, bad: (line: number) => boolean) {
  async function* lines() {
    for (let from = 1; from <= count; from += 1_000) {
      const size = Math.min(1_000, count - from + 1);
      const page = Array.from({length: size}, (_, i) =>
        bad(from + i) ? '{"action":""}\n' : `{"action":"a.b","entityId":"${from + i}"}\n`,
      );
      yield Buffer.from(page.join(''));
    }
  }
  const response = await fetch(`${service.url}/audit-logs/batch`, {
    method: 'POST',
    headers: {authorization: `Bearer ${await service.token()}`, 'content-type': 'application/x-ndjson'},
    body: Readable.toWeb(Readable.from(lines())) as ReadableStream,
    duplex: 'half',
  });
  const text = await response.text();
  return {status: response.status, headers: response.headers, text, json: JSON.parse(text) as unknown};
}

test('a batch of 100,000 lines with one bad line stores nothing, and the line is named', async () => {
  const before = await countEntries();
  const answer = await sendLines(100_000, line => line === 77_777);
  assertRefused(answer, {status: 400, code: 'INVALID_BATCH', field: 'action', line: 77_777});
  assert.equal((answer.json as ErrorBody).error.details.length, 1);
  assert.deepEqual(await countEntries(), before);
});

test('a batch in which every line is bad names a hundred of them', async () => {
  const answer = await sendLines(20_000, () => true);
  const {details} = (answer.json as ErrorBody).error;
  assert.deepEqual(
    details.map(detail => detail.line),
    Array.from({length: 100}, (_, i) => i + 1),
  );
});

test('a batch of more lines than are taken is refused, and stores nothing', async () => {
  const before = await countEntries();
  const answer = await sendLines(100_001, () => false);
  assertRefused(answer, {status: 413, code: 'BODY_TOO_LARGE', field: 'body'});
  assert.deepEqual(await countEntries(), before);
});
