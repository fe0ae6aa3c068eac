import {PassThrough} from 'node:stream';
import {setImmediate} from 'node:timers/promises';
import type {Style, Worksheet} from 'exceljs';
import type {ColumnKind} from '../models/entry-columns';
import type {EntryPages, ExportFormat, ExportOptions} from './export-format';
import {type TableColumn, tablePages} from './table';
import {xlsxValue} from './xlsx-cell';
import {XlsxWorkbook} from './xlsx-workbook';

/** Rows that Excel accepts in one worksheet. */
const MAX_ROWS = 1_048_576;
/** Rows written before the event loop runs again: a few milliseconds of work. */
const ROWS_AT_ONCE = 10;

const SHEET_NAME = 'Audit Logs';
const DATE_STYLE: Partial<Style> = {numFmt: 'yyyy-mm-dd hh:mm:ss.000'};
const PLAIN_STYLE: Partial<Style> = {};
const HEADER_STYLE: Partial<Style> = {font: {bold: true}};
const WIDTHS: Record<ColumnKind, number> = {
  uuid: 38,
  text: 20,
  time: 24,
  json: 50,
  textArray: 30,
  ip: 18,
  bigint: 12,
  bytes: 40,
};

/**
 * An Excel workbook (ECMA-376): one worksheet 'Audit Logs', continued on 'Audit Logs 2' and so on
 * when it is full, each with a bold, frozen header row. `xlsxValue` says what becomes of the values.
 */
export const xlsxFormat: ExportFormat = {
  name: 'xlsx',
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  write: (pages, options = {}) =>
    new WorkbookStream((output, closed) => writeWorkbook(pages, options, output, closed)),
};

/** Begins to write when it is first read, and stops when it is closed. */
class WorkbookStream extends PassThrough {
  private begun = false;

  constructor(private readonly begin: (output: PassThrough, closed: AbortSignal) => Promise<void>) {
    super();
  }

  override _read(size: number): void {
    if (!this.begun) {
      this.begun = true;
      const closed = new AbortController();
      this.once('close', () => closed.abort());
      this.begin(this, closed.signal).catch(error => this.destroy(error));
    }
    super._read(size);
  }
}

async function writeWorkbook(
  pages: EntryPages,
  {columns: build, rowsPerSheet = MAX_ROWS}: ExportOptions,
  output: PassThrough,
  closed: AbortSignal,
): Promise<void> {
  const workbook = new XlsxWorkbook(output);
  const sheets = new Sheets(workbook, Math.max(2, Math.min(rowsPerSheet, MAX_ROWS)));
  try {
    for await (const {columns, rows} of tablePages(pages, build)) {
      sheets.begin(columns);
      for (const [index, row] of rows.entries()) {
        sheets.addRow(columns, row);
        if (index % ROWS_AT_ONCE === 0) {
          await workbook.drained(closed);
          await setImmediate();
          closed.throwIfAborted();
        }
      }
    }
    sheets.begin([]);
    await workbook.commit();
  } catch (error) {
    workbook.abort();
    throw error;
  }
}

/** The worksheets of one workbook, of which only the last is open. */
class Sheets {
  private count = 0;
  private rows = 0;
  private sheet: Worksheet | undefined;

  constructor(
    private readonly workbook: XlsxWorkbook,
    private readonly rowsPerSheet: number,
  ) {}

  /** Opens the first worksheet, with its header. */
  begin(columns: readonly TableColumn[]): void {
    this.sheet ??= this.open(columns);
  }

  addRow(columns: readonly TableColumn[], values: readonly unknown[]): void {
    if (this.rows === this.rowsPerSheet) {
      this.sheet?.commit();
      this.sheet = undefined;
    }
    this.sheet ??= this.open(columns);
    this.write(
      this.sheet,
      values.map((value, index) => xlsxValue(value, columns[index]?.kind)),
    );
  }

  private open(columns: readonly TableColumn[]): Worksheet {
    this.count++;
    this.rows = 0;
    const name = this.count === 1 ? SHEET_NAME : `${SHEET_NAME} ${this.count}`;
    const sheet = this.workbook.addWorksheet(name, {views: [{state: 'frozen', ySplit: 1}]});
    sheet.columns = columns.map(({kind}) => ({width: WIDTHS[kind ?? 'text']}));
    if (columns.length > 0)
      this.write(
        sheet,
        columns.map(column => xlsxValue(column.name)),
        HEADER_STYLE,
      );
    return sheet;
  }

  private write(sheet: Worksheet, values: unknown[], style = PLAIN_STYLE): void {
    const row = sheet.addRow(values);
    // One shared object a style: exceljs looks styles up by identity first, and that is far quicker.
    row.eachCell(cell => {
      cell.style = cell.value instanceof Date ? DATE_STYLE : style;
    });
    row.commit();
    this.rows++;
  }
}
