import {AuditError} from '../errors';

/** Names such as `ENOSPC`, `AccessDenied` or `TimeoutError`: they say what happened and hold no value. */
const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/;

const BUCKET_MISSING = 'create the bucket that S3_BUCKET names, or correct S3_BUCKET or S3_ENDPOINT';
const BUCKET_ELSEWHERE = 'set AWS_REGION to the region of the bucket';
const KEYS_UNKNOWN = 'correct the credentials of the store';
const NOT_PERMITTED = 'give the credentials of the service the permissions that the bucket asks of them';

/**
 * What the operator must mend, by the name of a refusal that repeating does not change. `NotFound` is what a
 * HEAD request is told of a missing bucket, as its answer has no body to name it.
 */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['NoSuchBucket', BUCKET_MISSING],
  ['NotFound', BUCKET_MISSING],
  ['InvalidBucketName', BUCKET_MISSING],
  ['PermanentRedirect', BUCKET_ELSEWHERE],
  ['AuthorizationHeaderMalformed', BUCKET_ELSEWHERE],
  ['InvalidAccessKeyId', KEYS_UNKNOWN],
  ['SignatureDoesNotMatch', KEYS_UNKNOWN],
  ['AccessDenied', NOT_PERMITTED],
]);

/** The same by HTTP status, for answers to HEAD requests and names that are not in the list. */
const REMEDIES_BY_STATUS: ReadonlyMap<unknown, string> = new Map([
  [301, BUCKET_ELSEWHERE],
  [401, KEYS_UNKNOWN],
  [403, NOT_PERMITTED],
]);

/** Refusals with a status above that pass: credentials are renewed, and clocks are set right. */
const PASSING = ['ExpiredToken', 'RequestTimeTooSkewed', 'RequestExpired'];

interface Fault {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly $metadata?: {readonly httpStatusCode?: unknown};
}

function nameOf(fault: Fault): string {
  const name = [fault.code, fault.name].find(text => typeof text === 'string' && NAME.test(text));
  return typeof name === 'string' ? name : 'unknown fault';
}

const remedyOf = (name: string, status: unknown): string | undefined =>
  PASSING.includes(name) ? undefined : (REMEDIES.get(name) ?? REMEDIES_BY_STATUS.get(status));

/**
 * The error of a fault of the store: STORE_REFUSED where the operator must mend something first, STORE_FAILED
 * where the fault may pass. Only the fault's name and HTTP status are told: its message
 * may quote credentials, signatures or paths, so it is neither repeated nor kept as the cause.
 *
 * @param doing what was tried, as in "could not <doing>"
 */
export function storeFailure(doing: string, error: unknown): AuditError {
  if (error instanceof AuditError) return error;
  const fault: Fault = typeof error === 'object' && error !== null ? error : {};
  const status = fault.$metadata?.httpStatusCode;
  const reason = typeof status === 'number' ? `${nameOf(fault)}, HTTP ${status}` : nameOf(fault);
  const remedy = remedyOf(nameOf(fault), status);
  if (remedy !== undefined) {
    return new AuditError('STORE_REFUSED', `The object store refused to ${doing}: ${reason}; ${remedy}.`);
  }
  return new AuditError('STORE_FAILED', `The object store could not ${doing}: ${reason}. Try again later.`);
}

export const objectExists = (key: string): AuditError =>
  new AuditError('OBJECT_EXISTS', `The object "${key}" exists already and is not overwritten.`);

export const objectNotFound = (key: string): AuditError =>
  new AuditError('OBJECT_NOT_FOUND', `There is no object "${key}" in the object store.`);
