import type {Interceptor} from '@loopback/core';
import {withContext} from './audit-context';
import {type ContextRequest, requestContext} from './request-context';

/** LoopBack's keys, by name: this package knows no HTTP server. */
const REQUEST = 'rest.http.request';

/** Gives the code behind a route the context of its request. Outside of a request it does nothing. */
export const contextInterceptor: Interceptor = async (invocation, next) => {
  if (invocation.source?.type !== 'route') return next();
  const request = await invocation.get<ContextRequest>(REQUEST, {optional: true});
  return request ? withContext(requestContext(request), next) : next();
};
