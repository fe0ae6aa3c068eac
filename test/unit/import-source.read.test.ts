import assert from 'node:assert/strict';
import {buffer} from 'node:stream/consumers';
import {describe, it} from 'node:test';
import {EXPORT_FORMATS} from '../../dist/export/export-formats';
import {IMPORT_SOURCES, importSource} from '../../dist/import/import-sources';
import {candidatesOf, summaryOf} from './import-bytes';
import {CountedPages, fullEntry} from './sample-entry';

const {csv, json, ndjson, 'sourceloop-csv': sourceloop} = IMPORT_SOURCES;

for (const [source, format] of [
  [csv, EXPORT_FORMATS.csv],
  [json, EXPORT_FORMATS.json],
  [ndjson, EXPORT_FORMATS.ndjson],
] as const) {
  describe(`${source.kind} source`, () => {
    it('reads what was exported, without what the service gives', async () => {
      const bytes = await buffer(format.write(new CountedPages(2, fullEntry, 3)));
      const candidates = await candidatesOf(source, bytes);
      const expected = Array.from({length: 6}, (_, number) => {
        const {recordedAt, leafIndex, leafHash, salt, ...entry} = fullEntry(number);
        return entry;
      });
      assert.deepEqual(
        candidates.map(({entry}) => entry),
        expected,
      );
    });
  });
}

describe('ndjson source', () => {
  it('names bad lines and goes on', async () => {
    const text = '\ufeff{"action":"a"}\n\n{"action":\n[1]\n"x"\n{"action":"b"}\r\n{"action":"c"}';
    assert.deepEqual(summaryOf(await candidatesOf(ndjson, text)), [
      [1, 'a'],
      [3, 'INVALID_JSON'],
      [4, 'INVALID_TYPE'],
      [5, 'INVALID_TYPE'],
      [6, 'b'],
      [7, 'c'],
    ]);
    const bytes = Buffer.concat([
      Buffer.from('{"action":"a'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{"action":"b"}\n'),
    ]);
    assert.deepEqual(summaryOf(await candidatesOf(ndjson, bytes)), [
      [1, 'MALFORMED'],
      [2, 'b'],
    ]);
  });

  it('gives equal lines at different places different ids, and the same ids every time', async () => {
    const ids = (await candidatesOf(ndjson, '{"action":"a"}\n{"action":"a"}\n')).map(({entry}) => entry?.id);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(
      (await candidatesOf(ndjson, '{"action":"a"}\n{"action":"a"}\n')).map(({entry}) => entry?.id),
      ids,
    );
  });
});

describe('csv source', () => {
  it('reads the columns it is given and names bad rows', async () => {
    const text = 'action,actor,metadata\r\na,"Doe, Jane",\r\nb,c\r\nd,e,{\r\nf,"g"h,\r\ni,j,"{""k"":1}"\r\n';
    const candidates = await candidatesOf(csv, text);
    assert.deepEqual(summaryOf(candidates), [
      [2, 'a'],
      [3, 'MALFORMED'],
      [4, 'MALFORMED'],
      [5, 'MALFORMED'],
      [6, 'i'],
    ]);
    const {id, ...last} = candidates.at(-1)?.entry ?? {};
    assert.deepEqual(last, {action: 'i', actor: 'j', metadata: {k: 1}});
    assert.equal(candidates[2]?.problem?.[0]?.field, 'metadata');
  });

  it('refuses a file whose header names no columns of an entry', async () => {
    await assert.rejects(candidatesOf(csv, 'when,who\r\n'), {code: 'INVALID_FILE'});
    await assert.rejects(candidatesOf(csv, ''), {code: 'INVALID_FILE'});
  });
});

describe('sourceloop-csv source', () => {
  const header =
    'id,action,actedAt,actedOn,actionKey,entityId,actor,before,after,actionGroup,tenantId,deletedBy';

  it('reads rows of the archive, restoring before and after', async () => {
    const [candidate] = await candidatesOf(
      sourceloop,
      `${header}\n7aa3ad5a-3e0c-4b3d-9f3e-7c2d1d1c7a11,UPDATE_ONE,2024-05-01T10:00:00.000Z,User,KEY,42,jane,"{""name"":""a, \\""b\\""""}",null,,t1,root`,
    );
    assert.deepEqual(candidate?.entry, {
      id: '7aa3ad5a-3e0c-4b3d-9f3e-7c2d1d1c7a11',
      action: 'UPDATE_ONE',
      actedAt: '2024-05-01T10:00:00.000Z',
      actedOn: 'User',
      actionKey: 'KEY',
      entityId: '42',
      actor: 'jane',
      before: {name: 'a, "b"'},
      tenantId: 't1',
      metadata: {sourceloop: {deletedBy: 'root'}},
    });
  });

  it('takes "null" in quotes for null, and bare quotes as they stand', async () => {
    const [candidate] = await candidatesOf(sourceloop, `${header}\n,A,,,,,Jane "JD" Doe,"null","{}",,,`);
    const {id, ...entry} = candidate?.entry ?? {};
    assert.deepEqual(entry, {action: 'A', actor: 'Jane "JD" Doe', after: {}});
  });

  it('names rows that a comma or a line break in a value shifted, and goes on', async () => {
    const good = ',OK,,,,,jane,"{}","{}",,,';
    const text = [
      header,
      good,
      ',A,,,,,Doe, Jane,"{}","{}",,,',
      good,
      ',B,,,KEY',
      '2,,jane,"{}","{}",,,',
      ',C,,,,,x,"{}","[1]",,,',
      good,
    ].join('\n');
    const candidates = await candidatesOf(sourceloop, text);
    assert.deepEqual(summaryOf(candidates), [
      [2, 'OK'],
      [3, 'MALFORMED'],
      [4, 'OK'],
      [5, 'MALFORMED'],
      [6, 'MALFORMED'],
      [7, 'MALFORMED'],
      [8, 'OK'],
    ]);
    assert.match(candidates[1]?.problem?.[0]?.message ?? '', /13 cells where the header has 12/);
  });
});

describe('importSource', () => {
  it('names the kinds there are', () => {
    assert.equal(importSource('csv'), csv);
    assert.throws(() => importSource('xml'), {
      code: 'INVALID_FORMAT',
      message: /ndjson, json, csv, sourceloop-csv, cloudtrail/,
    });
  });
});
