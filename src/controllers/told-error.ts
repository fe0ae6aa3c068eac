import type {Middleware, MiddlewareContext} from '@loopback/rest';
import {AuditError, type ErrorCode} from '../errors';

/**
 * Says every fault in the service's own terms. What LoopBack answers by itself gets its code and the part of
 * the request at fault; of a fault of the service nothing is told but that it is one, for its message may hold
 * values.
 */
export const tellErrors: Middleware = async (context, next) => {
  try {
    return await next();
  } catch (error) {
    const told = toldError(error);
    if (told.statusCode === 401) {
      (context as MiddlewareContext).response.setHeader('WWW-Authenticate', 'Bearer');
    }
    throw told;
  }
};

function toldError(error: unknown): AuditError {
  if (error instanceof AuditError) return error;
  if (error instanceof URIError) {
    return fault('INVALID_PARAMETER', 'path', 'INVALID_ENCODING', 'is not percent-encoded UTF-8', error);
  }
  const status = Number((error as {statusCode?: unknown} | undefined)?.statusCode);
  if (status === 404) {
    return fault('ROUTE_NOT_FOUND', 'path', 'ROUTE_NOT_FOUND', 'is not served with this method', error);
  }
  if (status === 415) {
    return fault(
      'UNSUPPORTED_MEDIA_TYPE',
      'Content-Type',
      'UNSUPPORTED_MEDIA_TYPE',
      'is not read here',
      error,
    );
  }
  if (status >= 400 && status < 500) {
    return fault('INVALID_PARAMETER', 'request', 'INVALID_REQUEST', 'cannot be read', error);
  }
  return new AuditError('INTERNAL', 'The request failed by a fault of the service.', [], {cause: error});
}

const fault = (kind: ErrorCode, field: string, code: string, message: string, cause: unknown): AuditError =>
  new AuditError(kind, `The request cannot be served: ${field} ${message}.`, [{field, code, message}], {
    cause,
  });
