import {once} from 'node:events';
import {PassThrough, type Writable} from 'node:stream';
import {stream} from 'exceljs';

/** Compressed bytes held for the reader; archiver's own default is 1 MiB. Speed before size. */
const ZIP_OPTIONS = {highWaterMark: 64 * 1024, zlib: {level: 1}};

/** What is used of exceljs's writer beyond its typings (exceljs 4.4, archiver 5.3). */
interface WriterInternals {
  zip: {
    append(source: PassThrough, data: {name: string}): void;
    abort(): void;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}

/**
 * exceljs's streaming writer, held to the pace of its reader. As it comes, a worksheet is written
 * into a buffer that accepts everything at once and grows with the number of rows; here the
 * worksheet is an ordinary stream, so that `drained` can wait until the zip has taken what was
 * written, and the zip waits for its reader.
 */
export class XlsxWorkbook extends stream.xlsx.WorkbookWriter {
  private sheetStream: SheetStream | undefined;

  constructor(output: Writable) {
    super({stream: output, useStyles: true, useSharedStrings: false, zip: ZIP_OPTIONS});
    this.creator = 'loopback-audit';
    this.internals.zip.on('error', error => output.destroy(error));
  }

  /**
   * Answers when the current worksheet has room for more rows.
   * @throws AbortError when the signal is given meanwhile.
   */
  async drained(signal: AbortSignal): Promise<void> {
    if (this.sheetStream?.writableNeedDrain) await once(this.sheetStream, 'drain', {signal});
  }

  /** Gives up: nothing more is written. */
  abort(): void {
    this.internals.zip.abort();
    this.sheetStream?.destroy();
  }

  /** Called by exceljs for each worksheet. */
  protected _openStream(name: string): PassThrough {
    const sheet = new SheetStream();
    this.sheetStream = sheet;
    this.internals.zip.append(sheet, {name});
    sheet.on('finish', () => sheet.emit('zipped'));
    return sheet;
  }

  private get internals(): WriterInternals {
    return this as unknown as WriterInternals;
  }
}

/** Takes what exceljs writes: strings, and its own string buffers, which it fills again after the call. */
class SheetStream extends PassThrough {
  override write(chunk: unknown, ...rest: never[]): boolean {
    return super.write(hasToBuffer(chunk) ? chunk.toBuffer() : chunk, ...rest);
  }
}

const hasToBuffer = (chunk: unknown): chunk is {toBuffer(): Buffer} =>
  typeof chunk === 'object' && chunk !== null && 'toBuffer' in chunk;
