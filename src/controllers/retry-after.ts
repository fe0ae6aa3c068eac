import type {Interceptor} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {AuditError} from '../errors';

const SECONDS = 2;

/** Tells the caller of a service that cannot serve now when to come again (RFC 9110, 10.2.3). */
export const retryAfter: Interceptor = async (context, next) => {
  try {
    return await next();
  } catch (error) {
    if (error instanceof AuditError && error.statusCode === 503) {
      const response = await context.get(RestBindings.Http.RESPONSE, {optional: true});
      response?.setHeader('Retry-After', String(SECONDS));
    }
    throw error;
  }
};
