import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import type {EntryPages} from './export-format';

/**
 * Pulls the first page, so that "nothing" can be told before anything is written, and gives `work` all pages
 * with it in front. However the work ends, the source is closed then: a stream that was destroyed before it
 * began has closed nothing of what it would have read.
 *
 * @throws AuditError NOTHING_SELECTED where there is no entry
 */
export async function withSomePages<T>(
  source: AsyncGenerator<readonly AuditEntry[]>,
  work: (pages: EntryPages, first: readonly AuditEntry[]) => Promise<T>,
): Promise<T> {
  const {value: first, done} = await source.next();
  if (done) {
    throw new AuditError('NOTHING_SELECTED', 'No entry is selected: widen the filter.', [
      {field: 'filter', code: 'NOTHING_SELECTED', message: 'selects no entry'},
    ]);
  }
  try {
    return await work(withFirst(first, source), first);
  } finally {
    await source.return(undefined);
  }
}

async function* withFirst(
  first: readonly AuditEntry[],
  rest: AsyncGenerator<readonly AuditEntry[]>,
): AsyncGenerator<readonly AuditEntry[]> {
  yield first;
  yield* rest;
}
