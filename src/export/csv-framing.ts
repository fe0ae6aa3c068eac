import {TextDecoder} from 'node:util';
import {AuditError} from '../errors';

/** Longest record, in characters, that is read; a longer one means that a quote was never closed. */
const MAX_RECORD_LENGTH = 16 * 1024 * 1024;

/** What a file does that RFC 4180 does not allow. */
export interface CsvDialect {
  /** Quotes within a bare cell stand for themselves. */
  readonly bareQuotes?: boolean;
}

const ESCAPE = '\u001b';
const ESCAPED: Record<string, string> = {[ESCAPE]: `${ESCAPE}e`, '\r': `${ESCAPE}r`, '\n': `${ESCAPE}n`};

/** Undoes the escaping of `frameRecords` in one cell. */
export const unescapeBreaks = (cell: string): string =>
  cell.includes(ESCAPE)
    ? cell.replaceAll(`${ESCAPE}r`, '\r').replaceAll(`${ESCAPE}n`, '\n').replaceAll(`${ESCAPE}e`, ESCAPE)
    : cell;

/**
 * Rewrites CSV bytes (RFC 4180, with CRLF or LF between records) into one physical line a record,
 * ended by LF, with the number of its first line in the file (from 1) as an additional first cell.
 *
 * This is what lets `csvtojson` be exact and quick: it looks for one line ending in the whole file,
 * glues the physical lines of a record together by parsing all of them again, and drops a byte
 * order mark wherever a chunk begins. So line breaks inside quotes are escaped here, with U+001B,
 * and `unescapeBreaks` restores them.
 *
 * A record with misplaced quotes comes out as its line number alone, negative; reading goes on.
 * @throws AuditError INVALID_FILE for bytes that are not UTF-8 and for a record beyond 16 Mi characters.
 */
export async function* frameRecords(
  source: AsyncIterable<Uint8Array | string>,
  dialect: CsvDialect = {},
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  const framer = new RecordFramer(dialect.bareQuotes ?? false);
  for await (const chunk of source) {
    const framed = framer.push(typeof chunk === 'string' ? chunk : decode(decoder, framer.line, chunk));
    if (framed !== '') yield Buffer.from(framed);
  }
  const rest = framer.push(decode(decoder, framer.line)) + framer.end();
  if (rest !== '') yield Buffer.from(rest);
}

function decode(decoder: TextDecoder, line: number, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, {stream: chunk !== undefined});
  } catch (cause) {
    throw invalidFile(line, 'The file is not valid UTF-8', cause);
  }
}

/** Where the reader is: before a cell, in a bare cell, within quotes, after a quote, after a CR. */
type Place = 'start' | 'bare' | 'quoted' | 'closing' | 'return';

class RecordFramer {
  /** The line (from 1) being read. */
  line = 1;
  private firstLine = 1;
  private record = '';
  private place: Place = 'start';
  private malformed = false;
  private atFileStart = true;

  constructor(private readonly bareQuotes: boolean) {}

  /** Reads on, and answers the records that ended. */
  push(text: string): string {
    let from = this.atFileStart && text.startsWith('\ufeff') ? 1 : 0;
    this.atFileStart &&= text === '';
    let framed = '';
    for (let at = from; at < text.length; at++) {
      const character = text.charAt(at);
      if (character === '\n') this.line++;
      const ends = character === '\n' && this.place !== 'quoted';
      if (ends || this.mustEscape(character)) {
        this.record += text.slice(from, at) + (ends ? '' : ESCAPED[character]);
        from = at + 1;
      }
      if (ends) framed += this.end();
      else this.place = this.next(character);
    }
    this.record += text.slice(from);
    if (this.record.length > MAX_RECORD_LENGTH) {
      throw invalidFile(this.firstLine, 'The record is too long; a quote may be missing');
    }
    return framed;
  }

  /** Ends the record, and answers it as one line, or '' for a blank line. */
  end(): string {
    if (this.place === 'quoted') this.malformed = true;
    const text = this.place === 'return' ? this.record.slice(0, -1) : this.record;
    const framed = this.malformed ? `-${this.firstLine}\n` : text === '' ? '' : `${this.firstLine},${text}\n`;
    this.record = '';
    this.place = 'start';
    this.malformed = false;
    this.firstLine = this.line;
    return framed;
  }

  private mustEscape(character: string): boolean {
    return character === ESCAPE || (this.place === 'quoted' && (character === '\n' || character === '\r'));
  }

  private next(character: string): Place {
    if (this.place === 'quoted') return character === '"' ? 'closing' : 'quoted';
    if (this.place === 'return') this.malformed = true;
    if (character === ',') return 'start';
    if (character === '\r') return 'return';
    if (character === '"' && this.place !== 'bare') return 'quoted';
    if (this.place === 'closing' || (character === '"' && !this.bareQuotes)) this.malformed = true;
    return 'bare';
  }
}

/** A file that cannot be read any further. */
export const invalidFile = (line: number, reason: string, cause?: unknown): AuditError =>
  new AuditError(
    'INVALID_FILE',
    `${reason} (line ${line}).`,
    [{field: '', code: 'MALFORMED', message: `${reason}.`, line}],
    cause === undefined ? undefined : {cause},
  );
