import {AuditError} from '../errors';

/** Names such as `ENOSPC`, `AccessDenied` or `TimeoutError`: they say what happened and hold no value. */
const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;

interface Fault {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly $metadata?: {readonly httpStatusCode?: unknown};
}

function nameOf(fault: Fault): string {
  const name = [fault.code, fault.name].find(text => typeof text === 'string' && NAME.test(text));
  return typeof name === 'string' ? name : 'unknown fault';
}

/**
 * The STORE_FAILED of a fault of the store. Only the fault's name and HTTP status are told: its message
 * may quote credentials, signatures or paths, so it is neither repeated nor kept as the cause.
 *
 * @param doing what was tried, as in "could not <doing>"
 */
export function storeFailure(doing: string, error: unknown): AuditError {
  if (error instanceof AuditError) return error;
  const fault: Fault = typeof error === 'object' && error !== null ? error : {};
  const status = fault.$metadata?.httpStatusCode;
  const reason = typeof status === 'number' ? `${nameOf(fault)}, HTTP ${status}` : nameOf(fault);
  return new AuditError('STORE_FAILED', `The object store could not ${doing}: ${reason}. Try again later.`);
}

export const objectExists = (key: string): AuditError =>
  new AuditError('OBJECT_EXISTS', `The object "${key}" exists already and is not overwritten.`);

export const objectNotFound = (key: string): AuditError =>
  new AuditError('OBJECT_NOT_FOUND', `There is no object "${key}" in the object store.`);
