import assert from 'node:assert/strict';
import {afterEach, beforeEach, describe, it} from 'node:test';
import {setTimeout} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {type ImportProgress, importFiles, type SendBatch} from '../../dist/import/import-files';
import {CLOUDTRAIL_SKIPPED, cloudTrailFiles} from '../support/cloudtrail-data';
import {cloudTrailRecord} from './cloudtrail-record';
import {ScratchFolder} from './scratch-folder';

/** A service that refuses entries whose action is `bad`, and the batches it was sent. */
function service() {
  const known = new Set<string>();
  const batches: number[] = [];
  const send: SendBatch = async lines => {
    batches.push(lines.length);
    const entries = lines.map(line => JSON.parse(line) as {id: string; action: string});
    const rejected = entries.flatMap(({action}, index) =>
      action === 'bad'
        ? [{index, details: [{field: 'action', code: 'X', message: 'must be good', line: index + 1}]}]
        : [],
    );
    if (rejected.length > 0) return {stored: 0, known: 0, rejected};
    const fresh = entries.filter(({id}) => !known.has(id));
    for (const {id} of fresh) known.add(id);
    return {stored: fresh.length, known: entries.length - fresh.length, rejected: []};
  };
  return {send, batches, known};
}

const lines = (...actions: string[]) => actions.map(action => `${JSON.stringify({action})}\n`).join('');

describe('importFiles', () => {
  let folder: ScratchFolder;
  beforeEach(() => {
    folder = new ScratchFolder();
  });
  afterEach(() => folder.remove());

  it('sends what is good, names what is bad, and changes nothing the second time', async () => {
    const files = [
      folder.write('a.ndjson', `${lines('x', 'bad', 'y')}{oops\n${lines('bad', 'z')}`),
      folder.write(
        'b.json.gz',
        gzipSync(JSON.stringify({Records: [cloudTrailRecord(), {}, cloudTrailRecord({eventID: null})]})),
      ),
    ];
    const {send, batches} = service();
    const totals = await importFiles(files, {send});
    const {bad, ...counts} = totals;
    assert.deepEqual(counts, {read: 9, stored: 5, alreadyThere: 0, badCount: 4});
    assert.deepEqual(
      bad.map(({location: {file, line, record}}) => [file === files[0] ? 'a' : 'b', line ?? record]),
      [
        ['a', 4],
        ['b', 2],
        ['a', 2],
        ['a', 5],
      ],
    );
    assert.deepEqual(bad.at(-1)?.problem, [{field: 'action', code: 'X', message: 'must be good', line: 5}]);
    assert.deepEqual(batches, [7, 5]);
    const again = await importFiles(files, {send});
    assert.deepEqual([again.stored, again.alreadyThere, again.badCount], [0, 5, 4]);
  });

  it('fills batches by number and by bytes', async () => {
    const {send, batches} = service();
    await importFiles([folder.write('many.ndjson', lines('x').repeat(2_500))], {send});
    assert.deepEqual(batches, [1_000, 1_000, 500]);
    batches.length = 0;
    await importFiles([folder.write('few.ndjson', lines('x').repeat(5))], {send, batchSize: 2});
    assert.deepEqual(batches, [2, 2, 1]);
    batches.length = 0;
    const large = JSON.stringify({action: 'x', metadata: {text: 'x'.repeat(1_500_000)}});
    await importFiles([folder.write('large.ndjson', `${large}\n`.repeat(5))], {send});
    assert.deepEqual(batches, [2, 2, 1]);
  });

  it('goes on with the next file when one cannot be read or breaks off', async () => {
    const whole = gzipSync(lines('x').repeat(10));
    const files = [
      `${folder.path}/missing.ndjson`,
      folder.write('unknown.bin', 'hello'),
      folder.write('cut.ndjson.gz', whole.subarray(0, -9)),
      folder.write('header.csv', 'what,when\n'),
      folder.write('good.ndjson', lines('x')),
    ];
    const {bad, ...counts} = await importFiles(files, {send: service().send});
    assert.equal(counts.badCount, 4);
    assert.equal(counts.read, counts.stored + 4);
    assert.ok(counts.stored >= 1);
    assert.deepEqual(
      bad.map(({location}) => location.file),
      files.slice(0, 4),
    );
    assert.match(bad[0]?.problem[0]?.message ?? '', /ENOENT/);
  });

  it('keeps the first hundred bad records and counts them all', async () => {
    const {bad, badCount} = await importFiles([folder.write('a.ndjson', '{\n'.repeat(250))], {
      send: service().send,
    });
    assert.deepEqual([bad.length, badCount], [100, 250]);
  });

  it('tells how far it is', async () => {
    const file = folder.write('a.ndjson', lines('x').repeat(2_500));
    const told: ImportProgress[] = [];
    await importFiles([file], {send: service().send, onProgress: progress => told.push(progress)});
    assert.deepEqual(
      told.map(({stored}) => stored),
      [1_000, 2_000, 2_000, 2_500, 2_500],
    );
    assert.equal(told.at(-1)?.bytesRead, lines('x').length * 2_500);
  });

  it('ends with the error of its sender, and never with a service that refuses other lines for ever', async () => {
    const file = folder.write('a.ndjson', lines('x'));
    const failing = () => Promise.reject(new Error('no way'));
    await assert.rejects(importFiles([file], {send: failing}), /no way/);
    const confused: SendBatch = async () => ({stored: 0, known: 0, rejected: [{index: 7, details: []}]});
    await assert.rejects(importFiles([file], {send: confused}), {code: 'INVALID_BATCH'});
  });

  it('reads no further than a few chunks ahead of its sender', async () => {
    const file = folder.write('a.ndjson', lines('x').repeat(40_000));
    const {send} = service();
    const told: ImportProgress[] = [];
    await importFiles([file], {
      send: async batch => {
        if (told.length === 0) await setTimeout(50);
        return send(batch);
      },
      onProgress: progress => told.push(progress),
    });
    assert.ok(
      (told[0]?.bytesRead ?? 0) < 300_000,
      `${told[0]?.bytesRead} bytes were read for the first batch`,
    );
  });

  it('imports real CloudTrail files, once', {skip: CLOUDTRAIL_SKIPPED}, async () => {
    const {send, known} = service();
    const {bad, ...counts} = await importFiles(cloudTrailFiles(), {send});
    assert.deepEqual(bad, []);
    assert.deepEqual(counts, {read: 2_093, stored: 2_093, alreadyThere: 0, badCount: 0});
    assert.equal(known.size, 2_093);
    assert.equal((await importFiles(cloudTrailFiles(), {send})).alreadyThere, 2_093);
  });
});
