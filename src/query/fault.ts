import {AuditError, type ErrorCode} from '../errors';

/** The one error of a query that cannot be read, with the place in it. */
export const queryFault = (
  field: string,
  code: string,
  message: string,
  kind: ErrorCode = 'INVALID_FILTER',
): AuditError =>
  new AuditError(kind, `The query cannot be read: ${field} ${message}.`, [{field, code, message}]);

/** A name that came from outside, fit to be quoted in an answer. */
export const shown = (name: string): string => name.slice(0, 64).toWellFormed().replaceAll('\0', '\ufffd');
