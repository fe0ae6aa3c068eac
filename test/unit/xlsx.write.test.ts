import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import {describe, it} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {Workbook, type Worksheet} from 'exceljs';
import {xlsxFormat} from '../../dist/export/xlsx';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {CountedPages, fullEntry, smallEntry} from './sample-entry';
import {unzipped} from './unzipped';

async function* onePage(entries: readonly AuditEntry[]) {
  yield entries;
}

async function readBack(bytes: Buffer): Promise<Worksheet[]> {
  const workbook = new Workbook();
  await workbook.xlsx.read(Readable.from([bytes]));
  return workbook.worksheets;
}

const write = (entries: readonly AuditEntry[], options = {}) =>
  buffer(xlsxFormat.write(onePage(entries), options));
const columnNumber = (property: string) =>
  ENTRY_COLUMNS.findIndex(column => column.property === property) + 1;

const rowOf = (sheet: Worksheet | undefined, row: number) => [...Object(sheet?.getRow(row).values)].slice(1);

async function cellOf(entry: AuditEntry, property: string) {
  const [sheet] = await readBack(await write([entry]));
  return sheet?.getCell(2, columnNumber(property)).value;
}

describe('xlsxFormat.write', () => {
  it('writes a frozen bold header and one row an entry', async () => {
    const sheets = await readBack(await buffer(xlsxFormat.write(new CountedPages(3, smallEntry))));
    assert.deepEqual(
      sheets.map(sheet => sheet.name),
      ['Audit Logs'],
    );
    const [sheet] = sheets;
    assert.equal(sheet?.rowCount, 301);
    assert.deepEqual(
      rowOf(sheet, 1),
      ENTRY_COLUMNS.map(column => column.property),
    );
    assert.ok(sheet?.getCell(1, 1).font.bold);
    assert.ok(!sheet?.getCell(2, 1).font?.bold);
    const view = sheet?.views[0];
    assert.deepEqual([view?.state, view?.state === 'frozen' && view.ySplit], ['frozen', 1]);
    assert.ok((sheet?.getColumn(1).width ?? 0) > 30);
    assert.equal(sheet?.getCell(301, columnNumber('actor')).value, 'user-299');
  });

  it('writes times as dates in UTC, numbers as numbers and the rest as text', async () => {
    const entry = fullEntry(7);
    const [sheet] = await readBack(await write([entry]));
    const value = (property: string) => sheet?.getCell(2, columnNumber(property)).value;
    assert.deepEqual(value('actedAt'), new Date('2026-11-22T03:10:59.123Z'));
    assert.equal(sheet?.getCell(2, columnNumber('actedAt')).numFmt, 'yyyy-mm-dd hh:mm:ss.000');
    assert.equal(value('leafIndex'), 7);
    assert.equal(value('entityId'), '0042');
    assert.equal(value('before'), JSON.stringify(entry.before));
    assert.equal(value('tags'), JSON.stringify(entry.tags));
    assert.equal(value('entityName'), '=HYPERLINK("https://example.com")');
    assert.equal(sheet?.getCell(2, columnNumber('entityName')).formula, undefined);
  });

  it('keeps a time that the calendar of Excel cannot show as text', async () => {
    const actedAt = '1815-06-18T11:30:00Z';
    assert.equal(await cellOf({...smallEntry(1), actedAt}, 'actedAt'), actedAt);
  });

  it('continues on another worksheet when one is full', async () => {
    const sheets = await readBack(
      await buffer(xlsxFormat.write(new CountedPages(2, smallEntry, 5), {rowsPerSheet: 5})),
    );
    assert.deepEqual(
      sheets.map(sheet => [sheet.name, sheet.rowCount, sheet.getCell(1, 1).value]),
      [
        ['Audit Logs', 5, 'id'],
        ['Audit Logs 2', 5, 'id'],
        ['Audit Logs 3', 3, 'id'],
      ],
    );
    const actors = sheets.flatMap(sheet => sheet.getColumn(columnNumber('actor')).values.slice(2));
    assert.deepEqual(
      actors,
      Array.from({length: 10}, (_, index) => `user-${index}`),
    );
  });

  it('cuts text that a cell cannot hold and says how long it was', async () => {
    const fits = 'x'.repeat(32_767);
    assert.equal(await cellOf({...smallEntry(1), reason: fits}, 'reason'), fits);
    const cut = String(await cellOf({...smallEntry(1), reason: '😀'.repeat(20_000)}, 'reason'));
    assert.ok(cut.length <= 32_767);
    assert.match(cut, /^(😀)+… \[cut: 40000 characters in all\]$/u);
  });

  it('writes what XML cannot carry as escapes that spreadsheets undo', async () => {
    const written = await cellOf(
      {...smallEntry(1), reason: 'a\u0000b\u001bc\rd\u007fe\uffff _x0041_ <&">\t\n'},
      'reason',
    );
    assert.equal(written, 'a_x0000_b_x001B_c_x000D_d_x007F_e_xFFFF_ _x005F_x0041_ <&">\t\n');
  });

  it('is a sound zip of well-formed XML', async () => {
    const files = unzipped(await write([{...fullEntry(1), reason: '\u0001\ufffe]]>&amp;'}]));
    assert.deepEqual([...files.keys()].sort(), [
      '[Content_Types].xml',
      '_rels/.rels',
      'docProps/app.xml',
      'docProps/core.xml',
      'xl/_rels/workbook.xml.rels',
      'xl/styles.xml',
      'xl/theme/theme1.xml',
      'xl/workbook.xml',
      'xl/worksheets/sheet1.xml',
    ]);
    for (const [name, xml] of files) assert.doesNotThrow(() => assertWellFormed(xml), name);
  });

  it('writes a workbook that opens when there are no entries', async () => {
    const [sheet] = await readBack(await buffer(xlsxFormat.write(new CountedPages(0))));
    assert.equal(sheet?.rowCount, 1);
    const [empty] = await readBack(await buffer(xlsxFormat.write(new CountedPages(0), {columns: () => []})));
    assert.equal(empty?.name, 'Audit Logs');
  });

  it('takes the columns of a builder, each value by its type', async () => {
    const [sheet] = await readBack(
      await write([smallEntry(1)], {
        columns: () => [
          {When: new Date(0), Count: 3, Ok: true, Big: 2n ** 70n, Odd: Number.NaN, List: [1], None: null},
        ],
      }),
    );
    assert.deepEqual(rowOf(sheet, 1), ['When', 'Count', 'Ok', 'Big', 'Odd', 'List', 'None']);
    assert.deepEqual(rowOf(sheet, 2), [new Date(0), 3, true, String(2n ** 70n), 'NaN', '[1]']);
  });
});

/** Tags balance, and no character that XML 1.0 forbids is left. */
function assertWellFormed(xml: string) {
  for (const character of xml) {
    const code = character.codePointAt(0) ?? 0;
    assert.ok(
      code === 9 || code === 10 || code === 13 || (code >= 32 && code !== 0xfffe && code !== 0xffff),
      `U+${code}`,
    );
  }
  const open: string[] = [];
  for (const [, closing, name, , selfClosing] of xml.matchAll(
    /<(\/?)([A-Za-z][\w:]*)((?:\s[^<>]*?)?)(\/?)>/g,
  )) {
    if (closing) assert.equal(open.pop(), name);
    else if (!selfClosing && name !== undefined) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(xml.replace(/<[^<>]*>/g, ''), /[<>]|&(?!(amp|lt|gt|quot|apos);)/);
}
