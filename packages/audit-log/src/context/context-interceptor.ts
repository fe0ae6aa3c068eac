import type {Interceptor} from '@loopback/core';
import {withContext} from './audit-context';
import {type ContextRequest, requestContext} from './request-context';
import {requestTenant} from './request-tenant';

/** LoopBack's keys, by name: this package knows no HTTP server. */
const REQUEST = 'rest.http.request';

/**
 * Gives the code behind a route the context of its request, and its tenant. Outside of a request it does nothing.
 */
export const contextInterceptor: Interceptor = async (invocation, next) => {
  if (invocation.source?.type !== 'route') return next();
  const request = await invocation.get<ContextRequest>(REQUEST, {optional: true});
  if (!request) return next();
  return withContext({...requestContext(request), ...(await requestTenant(invocation))}, next);
};
