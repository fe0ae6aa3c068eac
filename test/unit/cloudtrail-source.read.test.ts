import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {cloudTrailSource} from '../../dist/import/cloudtrail/source';
import type {ImportCandidate} from '../../dist/import/import-source';
import {openInput} from '../../dist/import/input-file';
import {CLOUDTRAIL_SKIPPED, cloudTrailFiles, type RawRecord, rawRecords} from '../support/cloudtrail-data';
import {cloudTrailRecord} from './cloudtrail-record';
import {candidatesOf, summaryOf} from './import-bytes';

const tally = <T>(items: readonly T[], keyOf: (item: T) => string | undefined) => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item) ?? ''] = (counts[keyOf(item) ?? ''] ?? 0) + 1;
  return counts;
};

describe('cloudTrailSource.read', () => {
  it('answers a bad record as a problem and goes on', async () => {
    const records = [
      cloudTrailRecord(),
      'text',
      cloudTrailRecord({eventTime: 'yesterday'}),
      cloudTrailRecord({eventName: null, eventSource: ''}),
      cloudTrailRecord({eventTime: '2026-02-31T25:00:00Z'}),
      cloudTrailRecord({eventName: 'GetObject'}),
    ];
    assert.deepEqual(summaryOf(await candidatesOf(cloudTrailSource, JSON.stringify({Records: records}))), [
      [1, 'PutBucketPolicy'],
      [2, 'INVALID_TYPE'],
      [3, 'INVALID_FORMAT'],
      [4, 'REQUIRED_FIELD_MISSING,REQUIRED_FIELD_MISSING'],
      [5, 'INVALID_FORMAT'],
      [6, 'GetObject'],
    ]);
  });

  it('keeps records unchanged', async () => {
    const record = cloudTrailRecord({
      requestParameters: JSON.parse(
        '{"__proto__":{"a":1},"dotted.key":[1e-7,-0.5,1e300,"😀\\u0000","\ufeffx\\ufeff","\\ufeffy",{}],"":null}',
      ),
    });
    const [candidate] = await candidatesOf(cloudTrailSource, JSON.stringify({Records: [record]}), 1);
    assert.equal(JSON.stringify(candidate?.entry?.metadata), JSON.stringify({cloudtrail: record}));
  });

  it('names the record at which a file is broken, after the records before it', async () => {
    const whole = JSON.stringify({Records: [cloudTrailRecord(), cloudTrailRecord()]});
    for (const broken of [whole.slice(0, -10), whole.replace('},{', '},,{'), `${whole}{}`, '']) {
      await assert.rejects(candidatesOf(cloudTrailSource, broken), {code: 'INVALID_FILE'});
    }
    await assert.rejects(candidatesOf(cloudTrailSource, whole.slice(0, -10)), {message: /at record 2\./});
    assert.equal((await candidatesOf(cloudTrailSource, `\ufeff${whole}\n \n`)).length, 2);
    const bytes = Buffer.from(whole);
    bytes[whole.indexOf('invoices')] = 0xff;
    await assert.rejects(candidatesOf(cloudTrailSource, bytes), {code: 'INVALID_FILE'});
  });

  describe('on real log files', {skip: CLOUDTRAIL_SKIPPED}, () => {
    const read = async () => {
      const candidates: ImportCandidate[] = [];
      for (const file of cloudTrailFiles()) {
        for await (const candidate of cloudTrailSource.read((await openInput(file)).bytes, file))
          candidates.push(candidate);
      }
      return candidates;
    };

    it('reads every record, and counts what the files say', async () => {
      const raw = rawRecords();
      const candidates = await read();
      assert.deepEqual(
        candidates.filter(({problem}) => problem),
        [],
      );
      const entries = candidates.flatMap(({entry}) => entry ?? []);
      assert.equal(entries.length, 2_093);
      assert.deepEqual(
        entries.map(({id}) => id),
        raw.map(({eventID}) => eventID),
      );
      assert.deepEqual(
        entries.map(({metadata}) => metadata?.cloudtrail),
        raw,
      );
      assert.deepEqual(
        tally(entries, ({action}) => action),
        tally(raw, ({eventName}) => eventName),
      );
      const rawActor = ({userIdentity: {arn, principalId, invokedBy, userName, accountId}}: RawRecord) =>
        arn ?? principalId ?? invokedBy ?? userName ?? accountId ?? 'unknown';
      assert.deepEqual(
        tally(entries, ({actor}) => actor),
        tally(raw, rawActor),
      );
      const rawOutcome = ({errorCode, responseElements}: RawRecord) => {
        if (/AccessDenied|UnauthorizedOperation/.test(errorCode ?? '')) return 'denied';
        return errorCode || responseElements?.ConsoleLogin === 'Failure' ? 'failure' : 'success';
      };
      assert.deepEqual(
        tally(entries, ({outcome}) => outcome),
        tally(raw, rawOutcome),
      );
      assert.deepEqual(
        tally(entries, ({outcome}) => outcome),
        {success: 1_863, denied: 59, failure: 171},
      );
    });

    it('finds an entity wherever the call names one, and keys nowhere', async () => {
      const entries = (await read()).flatMap(({entry}) => entry ?? []);
      const found = entries.filter(({entityId}) => entityId !== undefined).length;
      assert.ok(found > entries.length / 2, `${found} entities`);
      for (const {metadata: _, ...entry} of entries)
        assert.doesNotMatch(JSON.stringify(entry), /"(AKIA|ASIA)[A-Z0-9]{16}"/);
    });
  });
});
