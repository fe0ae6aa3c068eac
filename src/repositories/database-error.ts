import {AuditError} from '../errors';

/** Codes of PostgreSQL (25006: a replica, after a failover) and of the system, of faults that pass. */
const UNREACHABLE =
  /^(08|57P|53|25006|40001|40P01|ECONN|EHOST|ENET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|ENOENT)/;
const CONNECTION_LOST =
  /connection terminated|not queryable|connection timeout|timeout exceeded when trying to connect/i;

/** What every tile holds: whole hashes, and no more than there are places. */
const TILE_CHECK = 'audit_tiles_hashes_check';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** What is said where the head of a tree is not that of its tiles. */
export const treeDamaged = (options?: ErrorOptions): AuditError =>
  new AuditError(
    'TREE_DAMAGED',
    'The head of the tree and its tiles do not belong together: nothing more is stored in it.',
    [],
    options,
  );

/** Whether an error came from PostgreSQL or from the connection to it. */
export const isDatabaseError = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof AuditError) &&
  (/^[0-9A-Z]{5}$/.test(codeOf(error)) ||
    UNREACHABLE.test(codeOf(error)) ||
    CONNECTION_LOST.test(error.message));

/**
 * What the caller is told of a fault of the database (PostgreSQL, appendix A: error codes). The fault
 * itself becomes the cause; no statement and no value is in the message.
 */
export function databaseError(error: unknown): unknown {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  const constraint = (error as {constraint?: unknown} | undefined)?.constraint;
  const cause = {cause: error};
  if (code === '57014') {
    return new AuditError(
      'QUERY_TIMEOUT',
      'The query took too long: narrow it by time, actor or entity.',
      [],
      cause,
    );
  }
  if (UNREACHABLE.test(code) || CONNECTION_LOST.test(message)) {
    return new AuditError(
      'DATABASE_UNAVAILABLE',
      'The database cannot be reached: try again later.',
      [],
      cause,
    );
  }
  if (constraint === TILE_CHECK) return treeDamaged(cause);
  if (code === '2201B') {
    const detail = {field: 'regexp', code: 'INVALID_REGEXP', message: 'is not a POSIX regular expression'};
    return new AuditError('INVALID_FILTER', 'The regular expression cannot be read.', [detail], cause);
  }
  if (code === '22025') {
    const detail = {field: 'like', code: 'INVALID_PATTERN', message: 'ends with its escape character'};
    return new AuditError('INVALID_FILTER', 'The pattern cannot be read.', [detail], cause);
  }
  return error;
}
