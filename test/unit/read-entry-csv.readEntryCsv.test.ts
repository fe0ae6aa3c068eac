import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {buffer, text} from 'node:stream/consumers';
import {describe, it} from 'node:test';
import type {AuditEntry, JsonObject} from '@loopback-audit/audit-log';
import fc from 'fast-check';
import {csvFormat} from '../../dist/export/csv';
import {readEntryCsv} from '../../dist/export/read-entry-csv';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {chopped} from './chopped';
import {fullEntry, smallEntry} from './sample-entry';

async function* onePage(entries: readonly AuditEntry[]) {
  yield entries;
}

async function readBack(entries: readonly AuditEntry[], sizes = [65536]): Promise<AuditEntry[]> {
  const bytes = await buffer(csvFormat.write(onePage(entries)));
  const read: AuditEntry[] = [];
  for await (const page of readEntryCsv(chopped(bytes, sizes))) read.push(...page);
  return read;
}

const readText = async (csv: string) => {
  for await (const page of readEntryCsv(Readable.from([Buffer.from(csv)]))) void page;
};

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
        '😀',
        '=1',
        '-',
        '@',
        '+',
      ),
      fc.string({unit: 'binary', maxLength: 4}),
    ),
    {maxLength: 6},
  )
  .map(parts => parts.join(''));

const textProperties = ENTRY_COLUMNS.filter(column => column.kind === 'text').map(column => column.property);

const entries = fc.array(
  fc.record({
    texts: fc.dictionary(fc.constantFrom(...textProperties), difficult),
    metadata: fc.option(
      fc.dictionary(difficult, fc.jsonValue()).map(value => JSON.parse(JSON.stringify(value)) as JsonObject),
      {nil: undefined},
    ),
    tags: fc.option(fc.array(difficult, {maxLength: 3}), {nil: undefined}),
    leafIndex: fc.option(fc.nat(), {nil: undefined}),
  }),
  {maxLength: 5},
);

describe('readEntryCsv', () => {
  it('restores every property of an entry with its type', async () => {
    const written = [fullEntry(1), smallEntry(2), {...fullEntry(3), leafIndex: Number.MAX_SAFE_INTEGER}];
    assert.deepEqual(await readBack(written), written);
  });

  it('restores any text, list and object, however the bytes are chopped', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.array(fc.integer({min: 1, max: 64}), {minLength: 1, maxLength: 4}),
        async (drawn, sizes) => {
          const written = drawn.map(({texts, ...rest}, index) => {
            const properties = Object.entries({...rest, ...texts}).filter(([, value]) => value !== undefined);
            return {...smallEntry(index), ...Object.fromEntries(properties)};
          });
          assert.deepEqual(await readBack(written, sizes), written);
        },
      ),
      {numRuns: 300},
    );
  });

  it('answers pages of at most a hundred', async () => {
    const bytes = await buffer(
      csvFormat.write(onePage(Array.from({length: 250}, (_, index) => smallEntry(index)))),
    );
    const sizes: number[] = [];
    for await (const page of readEntryCsv(chopped(bytes, [65536]))) sizes.push(page.length);
    assert.deepEqual(sizes, [100, 100, 50]);
  });

  it('reads columns in any order and files with bare line feeds', async () => {
    const csv = await text(csvFormat.write(onePage([smallEntry(1)])));
    const [header = '', row = ''] = csv.split('\r\n').map(line => line.split(',').reverse().join(','));
    const read: AuditEntry[] = [];
    for await (const page of readEntryCsv(Readable.from([Buffer.from(`${header}\n${row}`)])))
      read.push(...page);
    assert.deepEqual(read, [smallEntry(1)]);
  });

  it('names the line and the property of what it cannot read', async () => {
    const csv = await text(
      csvFormat.write(onePage([smallEntry(1), {...smallEntry(2), reason: 'a\nb'}, fullEntry(3)])),
    );
    await assert.rejects(readText(csv.replace('{""dotted', '{dotted')), {
      code: 'INVALID_FILE',
      message: 'Cannot read metadata (line 5). The cell is not valid JSON.',
      details: [{field: 'metadata', code: 'MALFORMED', message: 'The cell is not valid JSON.', line: 5}],
    });
    await assert.rejects(readText(`${csv}a,b\r\n`), {
      code: 'INVALID_FILE',
      message: /2 cells where the header has 43 \(line \d+\)/,
    });
    await assert.rejects(readText(`${csv}"a`), {code: 'INVALID_FILE', message: /quotes/});
  });

  it('refuses a file without a header, with an unknown column and without a required one', async () => {
    await assert.rejects(readText(''), {code: 'INVALID_FILE', message: /no header/});
    await assert.rejects(readText('id,when\r\n'), {code: 'INVALID_FILE', message: /unknown column 'when'/});
    await assert.rejects(readText('id,id\r\n'), {code: 'INVALID_FILE', message: /twice/});
    await assert.rejects(readText('id,actor\r\n'), {code: 'INVALID_FILE', message: /lacks tenantId/});
  });
});
