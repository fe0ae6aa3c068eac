import {randomUUID} from 'node:crypto';
import type {Middleware, MiddlewareContext} from '@loopback/rest';
import type {Logger} from 'pino';
import {textFault} from '../admission/json-faults';
import type {ServiceMetrics} from './metrics';

/** A caller's own request id is kept where it is short and plain. */
const PLAIN_ID = /^[\w.:/+=-]{1,128}$/;

/**
 * One line a request, and its measure: method, path without the query, status and milliseconds. Nothing of
 * a body, a query, a token or an entry is in it.
 */
export function requestLog(logger: Logger, metrics: ServiceMetrics): Middleware {
  return async (context, next) => {
    const {request, response} = context as MiddlewareContext;
    const begun = process.hrtime.bigint();
    const given = request.get('x-request-id');
    const requestId = given !== undefined && PLAIN_ID.test(given) && !textFault(given) ? given : randomUUID();
    request.headers['x-request-id'] = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      const status = response.writableFinished ? response.statusCode : 499;
      const path = (request.originalUrl || request.url).split('?', 1)[0] ?? '';
      metrics.observe(request.method, path, status, seconds);
      const level = status === 503 ? 'warn' : status >= 500 ? 'error' : 'info';
      logger[level](
        {requestId, method: request.method, path, status, ms: Math.round(seconds * 1e4) / 10},
        'request',
      );
    });
    return next();
  };
}
