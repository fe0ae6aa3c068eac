import type {Request} from '@loopback/rest';
import {AuditError} from '../errors';

/**
 * The bytes of a request's body. Where its reader stops early the rest goes by unread rather than the
 * connection being cut, so that a sender who is still at it hears the answer.
 *
 * @throws AuditError INVALID_BODY where the sender goes away before its end, UNSUPPORTED_MEDIA_TYPE where it is
 * compressed
 */
export async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  if ((request.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
    const detail = {field: 'Content-Encoding', code: 'UNSUPPORTED_MEDIA_TYPE', message: 'must be left out'};
    throw new AuditError('UNSUPPORTED_MEDIA_TYPE', 'A body is sent as it is.', [detail]);
  }
  try {
    yield* request.iterator({destroyOnReturn: false});
  } catch (error) {
    const detail = {field: 'body', code: 'CUT_OFF', message: 'ended before its length'};
    throw new AuditError('INVALID_BODY', 'The body was cut off.', [detail], {cause: error});
  } finally {
    request.resume();
  }
}
