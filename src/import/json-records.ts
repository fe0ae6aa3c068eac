import {TextDecoder} from 'node:util';
import {JSONParser} from '@streamparser/json';
import {AuditError} from '../errors';

/**
 * The values at a path of one JSON document (RFC 8259), as they are read: `$.Records.*`, `$.*`.
 * Memory holds a chunk and a value, never the document.
 * @throws AuditError INVALID_FILE, with the number of the record, where the document is malformed or
 * breaks off; what came before has been yielded by then.
 */
export async function* jsonRecords(input: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<unknown> {
  let found: unknown[] = [];
  let count = 0;
  let fault: Error | undefined;
  const parser = new JSONParser({paths: [path], keepStack: false});
  keepByteOrderMarks(parser);
  parser.onValue = ({value}) => {
    found.push(value);
  };
  parser.onError = error => {
    fault = error;
  };
  const take = () => {
    const taken = found;
    found = [];
    count += taken.length;
    return taken;
  };
  for await (const chunk of input) {
    if (!parser.isEnded) parser.write(chunk);
    else if (!isBlank(chunk)) fault = new Error('There is more after the end of the document.');
    yield* take();
    if (fault) throw malformed(count + 1, fault);
  }
  if (!parser.isEnded) throw malformed(count + 1, new Error('The document breaks off.'));
}

const isBlank = (chunk: Uint8Array) => Buffer.from(chunk).toString('latin1').trim() === '';

/** Lets a string begin with U+FEFF: the parser's own decoder takes it for a byte order mark and drops it. */
function keepByteOrderMarks(parser: JSONParser): void {
  const {tokenizer} = parser as unknown as {tokenizer: {bufferedString: {decoder: TextDecoder}}};
  tokenizer.bufferedString.decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
}

function malformed(record: number, cause: Error): AuditError {
  const message = `The file is not valid JSON at record ${record}. ${cause.message}`;
  return new AuditError('INVALID_FILE', message, [{field: '', code: 'INVALID_JSON', message, line: record}], {
    cause,
  });
}
