import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import fc from 'fast-check';
import {quoteCell} from '../../dist/export/csv-cell';
import {readCsvRecords} from '../../dist/export/csv-records';
import {chopped} from './chopped';

async function read(text: string | Buffer, sizes = [65536]) {
  const records = [];
  for await (const record of readCsvRecords(chopped(Buffer.from(text), sizes))) records.push(record);
  return records;
}

const difficult = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ',',
        '"',
        '\r',
        '\n',
        '\r\n',
        ' ',
        '\t',
        "'",
        '\\',
        '\ufeff',
        '\u001b',
        '\u001be',
        '😀',
        'é',
        '\u0000',
      ),
      fc.string({unit: 'grapheme', maxLength: 4}),
      fc.string({unit: 'binary', maxLength: 4}),
    ),
    {maxLength: 8},
  )
  .map(parts => parts.join(''));

describe('readCsvRecords', () => {
  it('restores every text to the byte, however the bytes are chopped', async () => {
    const table = fc
      .integer({min: 2, max: 5})
      .chain(width =>
        fc.array(fc.array(difficult, {minLength: width, maxLength: width}), {minLength: 1, maxLength: 6}),
      );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(fc.integer({min: 1, max: 9}), {minLength: 1, maxLength: 5}),
        fc.constantFrom('\r\n', '\n'),
        fc.boolean(),
        async (rows, sizes, ending, always) => {
          const cell = (text: string) =>
            always || text.startsWith('\ufeff') ? `"${text.replaceAll('"', '""')}"` : quoteCell(text);
          const text = rows.map(row => row.map(cell).join(',') + ending).join('');
          const records = await read(text, sizes);
          assert.deepEqual(
            records.map(record => record.cells),
            rows,
          );
        },
      ),
      {numRuns: 600},
    );
  });

  it('tells the line on which each record begins', async () => {
    const records = await read('a,b\r\n"1\r\n2\n3",x\r\n\r\ny,z');
    assert.deepEqual(records, [
      {line: 1, cells: ['a', 'b']},
      {line: 2, cells: ['1\r\n2\n3', 'x']},
      {line: 6, cells: ['y', 'z']},
    ]);
  });

  it('skips a byte order mark at the beginning of the file and nowhere else', async () => {
    const records = await read('\ufeffa,b\n\ufeffc,\ufeffd\n', [1]);
    assert.deepEqual(
      records.map(record => record.cells),
      [
        ['a', 'b'],
        ['\ufeffc', '\ufeffd'],
      ],
    );
  });

  it('marks records whose quotes are misplaced and reads on', async () => {
    for (const bad of ['a"b,c', '"a"b,c', '"a" ,c', 'a\rb,c', '"a"\r"b",c']) {
      const records = await read(`x,y\n${bad}\nz,"1,2"\n`);
      assert.deepEqual(records.slice(1), [
        {line: 2, cells: undefined},
        {line: 3, cells: ['z', '1,2']},
      ]);
    }
    assert.deepEqual((await read('x,y\n1,"open\n')).at(-1), {line: 2, cells: undefined});
  });

  it('refuses bytes that are not UTF-8', async () => {
    for (const bytes of [
      [0x61, 0xff, 0x0a],
      [0x61, 0xc3],
    ]) {
      await assert.rejects(read(Buffer.from(bytes)), {code: 'INVALID_FILE'});
    }
  });

  it('passes on the error of its source', async () => {
    const source = Readable.from(
      (async function* () {
        yield Buffer.from('a,b\n');
        throw new Error('disk gone');
      })(),
    );
    await assert.rejects(async () => {
      for await (const record of readCsvRecords(source)) void record;
    }, /disk gone/);
  });

  it('reads no further than it is asked to, and lets go of its source', async () => {
    let chunks = 0;
    const source = Readable.from(
      (async function* () {
        for (; chunks < 10_000; chunks++) yield Buffer.from('abc,def\r\n'.repeat(1000));
      })(),
      {objectMode: false},
    );
    const records = readCsvRecords(source);
    await records.next();
    await new Promise(resolve => setTimeout(resolve, 50));
    assert.ok(chunks < 60, `${chunks} chunks were read for one record`);
    await records.return(undefined);
    await new Promise(resolve => setTimeout(resolve, 20));
    assert.ok(source.destroyed);
  });
});
