import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import type {EntryPages} from './export-format';

/**
 * Pulls the first page, so that "nothing" can be told before anything is written.
 *
 * @returns the first page, and all pages with it in front
 * @throws AuditError NOTHING_SELECTED where there is no entry
 */
export async function somePages(
  pages: AsyncGenerator<readonly AuditEntry[]>,
): Promise<{first: readonly AuditEntry[]; pages: EntryPages}> {
  const {value: first, done} = await pages.next();
  if (done) {
    throw new AuditError('NOTHING_SELECTED', 'No entry is selected: widen the filter.', [
      {field: 'filter', code: 'NOTHING_SELECTED', message: 'selects no entry'},
    ]);
  }
  return {first, pages: withFirst(first, pages)};
}

async function* withFirst(
  first: readonly AuditEntry[],
  rest: AsyncGenerator<readonly AuditEntry[]>,
): AsyncGenerator<readonly AuditEntry[]> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
