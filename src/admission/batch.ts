import {setImmediate as nextTurn} from 'node:timers/promises';
import {AuditError, type ErrorDetail} from '../errors';
import {admit, type Bearer} from './admit';
import {parseJson, readJson, readLines} from './read-body';
import {Spool, type SpoolForm} from './spool';

export interface BatchLimits {
  /** Bytes of one entry. */
  entryBytes: number;
  /** Bytes of a JSON array, which is read whole. */
  arrayBytes: number;
  /** Bytes of an NDJSON stream. */
  streamBytes: number;
  /** Entries of a batch of either kind. */
  entries: number;
}

/** Entries that are admitted in one go, while nobody else gets a turn: less than a millisecond. */
const TURN = 16;

/** Faults that are named; there may be more. */
const NAMED_FAULTS = 100;

/**
 * Admits a batch whole: a JSON array, or NDJSON (one entry a line). What is admitted waits in a spool,
 * so that nothing of a batch with one bad line is stored, and no transaction waits for a slow sender.
 *
 * @param form in which the entries wait
 * @returns the spool, which the caller must close
 * @throws AuditError INVALID_BATCH naming the lines at fault, BODY_TOO_LARGE, INVALID_BODY, INVALID_JSON,
 * TENANT_MISMATCH
 */
export async function admitBatch<Kept>(
  body: AsyncIterable<Buffer>,
  kind: 'array' | 'ndjson',
  bearer: Bearer,
  limits: BatchLimits,
  form: SpoolForm<Kept>,
): Promise<Spool<Kept>> {
  const spool = new Spool(form);
  const faults: ErrorDetail[] = [];
  let mismatch = false;
  let count = 0;
  try {
    for await (const {line, length, read} of inputs(body, kind, limits)) {
      count += 1;
      if (count > limits.entries) throw tooMany(limits.entries);
      if (count % TURN === 0) await nextTurn();
      try {
        const admitted = admit(read(), bearer);
        if (faults.length === 0) await spool.add({...admitted, line}, length);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        mismatch ||= error.code === 'TENANT_MISMATCH';
        faults.push(...error.details.map(detail => ({...detail, line})));
        if (faults.length > NAMED_FAULTS) break;
      }
    }
    if (count === 0) throw new AuditError('INVALID_BATCH', 'The batch is empty.', [emptyBatch]);
    if (faults.length > 0) {
      throw new AuditError(
        mismatch ? 'TENANT_MISMATCH' : 'INVALID_BATCH',
        'Nothing of the batch was stored: mend or leave out the lines at fault and send it again.',
        faults.slice(0, NAMED_FAULTS),
      );
    }
    return spool;
  } catch (error) {
    await spool.close();
    throw error;
  }
}

const emptyBatch = {field: 'body', code: 'REQUIRED', message: 'holds no entry'};

const tooMany = (entries: number) =>
  new AuditError('BODY_TOO_LARGE', `A batch has at most ${entries} entries: send them in several.`, [
    {field: 'body', code: 'TOO_MANY_ENTRIES', message: `holds more than ${entries} entries`},
  ]);

async function* inputs(
  body: AsyncIterable<Buffer>,
  kind: 'array' | 'ndjson',
  limits: BatchLimits,
): AsyncGenerator<{line: number; length: number; read: () => unknown}> {
  if (kind === 'ndjson') {
    for await (const {line, text} of readLines(body, limits.streamBytes, limits.entryBytes)) {
      yield {line, length: text.length, read: () => parseJson(text)};
    }
    return;
  }
  const array = await readJson(body, limits.arrayBytes);
  if (!Array.isArray(array)) {
    throw new AuditError('INVALID_BATCH', 'A batch is a JSON array of entries, or NDJSON.', [
      {field: 'body', code: 'INVALID_TYPE', message: 'is not an array'},
    ]);
  }
  // An array is bounded by its length, and in memory as it is.
  for (const [i, input] of array.entries()) yield {line: i + 1, length: 0, read: () => input};
}
