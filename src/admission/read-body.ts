import {AuditError} from '../errors';

const tooLarge = (maxBytes: number) =>
  new AuditError('BODY_TOO_LARGE', `A body has at most ${maxBytes} bytes: send less at once.`, [
    {field: 'body', code: 'BODY_TOO_LARGE', message: `is larger than ${maxBytes} bytes`},
  ]);

const notUtf8 = () =>
  new AuditError('INVALID_BODY', 'The body is not UTF-8.', [
    {field: 'body', code: 'INVALID_ENCODING', message: 'is not UTF-8'},
  ]);

/** Reads JSON (RFC 8259) whole. @throws AuditError BODY_TOO_LARGE, INVALID_BODY, INVALID_JSON */
export const readJson = async (body: AsyncIterable<Buffer>, maxBytes: number): Promise<unknown> =>
  parseJson(await readText(body, maxBytes));

/** Reads text whole. @throws AuditError BODY_TOO_LARGE, INVALID_BODY where it is not UTF-8 */
export async function readText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(Buffer.concat(chunks));
  } catch {
    throw notUtf8();
  }
}

/** A line of text and its number, from 1. */
export interface Line {
  line: number;
  text: string;
}

/**
 * Reads newline-delimited text line by line; empty lines count, but are not answered.
 *
 * @throws AuditError BODY_TOO_LARGE where the body, or one line of it, is too large; INVALID_BODY
 */
export async function* readLines(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  maxLineBytes: number,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', {fatal: true});
  let bytes = 0;
  let line = 0;
  let rest = '';
  const complete = (text: string): Line[] => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    return lines
      .map(content => ({line: ++line, text: content}))
      .filter(({text: content}) => content.trim() !== '');
  };
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield* complete(decode(decoder, chunk));
    if (rest.length > maxLineBytes) throw tooLarge(maxLineBytes);
  }
  yield* complete(`${decode(decoder)}\n`);
}

function decode(
  decoder: {decode(chunk?: Uint8Array, options?: {stream: boolean}): string},
  chunk?: Buffer,
): string {
  try {
    return decoder.decode(chunk, {stream: chunk !== undefined});
  } catch {
    throw notUtf8();
  }
}

/** @throws AuditError INVALID_JSON, with the parser's word on where it stopped */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes the text it stopped at; the place is enough, and says nothing of the content.
    const place = /at position \d+/.exec((error as Error).message)?.[0] ?? 'at its end';
    throw new AuditError('INVALID_JSON', `The body is not JSON: it stops making sense ${place}.`, [
      {field: 'body', code: 'INVALID_JSON', message: `is not JSON ${place}`},
    ]);
  }
}
