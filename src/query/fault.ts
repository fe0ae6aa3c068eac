import {AuditError, type ErrorCode} from '../errors';

/** The one error of a query that cannot be read, with the place in it. */
export const queryFault = (
  field: string,
  code: string,
  message: string,
  kind: ErrorCode = 'INVALID_FILTER',
): AuditError =>
  new AuditError(kind, `The query cannot be read: ${field} ${message}.`, [{field, code, message}]);

/** The same of what a parameter of the query says. */
export const parameterFault = (field: string, code: string, message: string): AuditError =>
  queryFault(field, code, message, 'INVALID_PARAMETER');

/** Reads what a parameter says: a condition in it that cannot be read is the fault of the parameter. */
export function asParameter<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== 'INVALID_FILTER') throw error;
    throw new AuditError('INVALID_PARAMETER', error.message, error.details);
  }
}

/** A name that came from outside, fit to be quoted in an answer. */
export const shown = (name: string): string => name.slice(0, 64).toWellFormed().replaceAll('\0', '\ufffd');
