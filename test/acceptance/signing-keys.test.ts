import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {noteSigner, parseVerifierKey, verifierKey} from '../../dist/integrity/signed-note';
import {newKey, ORIGIN} from '../support/checkpoint-parts';
import {copyOf, type TestDatabase} from '../support/test-database';
import {startTestService, type TestService} from '../support/test-service';

const [oldKey, nextKey] = [newKey(), newKey()];
const pem = (key = oldKey) => key.export({format: 'pem', type: 'pkcs8'}).toString();
const lineOf = (key = oldKey) => verifierKey(noteSigner(ORIGIN, key));

/** A checkpoint of each time, and the keys as they were published then. */
const notes: Record<string, string> = {};
const published: Record<string, string> = {};
let last: TestService;

before(async () => {
  let db: TestDatabase | undefined;
  for (const [time, keys] of [
    ['before', pem()],
    ['during', pem() + pem(nextKey)],
    ['after', pem(nextKey)],
  ] as const) {
    const environment = {SIGNING_KEY: keys, LOG_ORIGIN: ORIGIN, CHECKPOINT_INTERVAL_MS: '0'};
    last = await startTestService(environment, () => {}, db);
    await last.send('/audit-logs', {body: {action: 'a.b'}});
    notes[time] = (await last.send('/audit-logs/checkpoint')).text;
    published[time] = (await last.send('/audit-logs/keys')).text;
    if (time === 'after') return;
    db = await copyOf(last.db);
    await last.stop();
  }
});
after(() => last.stop());

const verdict = (time: string, ...keys: string[]) =>
  openCheckpoint(
    notes[time] ?? '',
    keys.map(line => parseVerifierKey(line)),
  )?.verdict;

describe('a key that is replaced', () => {
  test('leaves every checkpoint to be verified with the keys that are published', () => {
    const keys = (published.after ?? '').trim().split('\n');
    assert.deepEqual(keys, [lineOf(nextKey), lineOf()], 'the key that signs now comes first');
    for (const time of ['before', 'during', 'after']) assert.equal(verdict(time, ...keys), 'valid', time);
    assert.deepEqual((published.during ?? '').trim().split('\n'), [lineOf(), lineOf(nextKey)]);
  });

  test('and the one after it are each enough while both sign', () => {
    assert.deepEqual(
      ['before', 'during', 'after'].map(time => [verdict(time, lineOf()), verdict(time, lineOf(nextKey))]),
      [
        ['valid', 'unknown key'],
        ['valid', 'valid'],
        ['unknown key', 'valid'],
      ],
    );
  });

  test('is told with the times of its use', async () => {
    const {json, status} = await last.send('/audit-logs/keys?format=json');
    assert.equal(status, 200);
    const [now, earlier] = json as {key: string; from: string; until: string}[];
    assert.deepEqual([now?.key, earlier?.key], [lineOf(nextKey), lineOf()]);
    assert.ok(earlier && now && earlier.from < now.from && earlier.until < now.until);
    assert.equal((await last.send('/audit-logs/keys?format=xml')).status, 400);
  });
});
