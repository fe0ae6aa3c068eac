import {randomUUID} from 'node:crypto';
import type {AuditContext} from './audit-context';

/** What is read of a request of Express, of which LoopBack's is one. */
export interface ContextRequest {
  method?: string;
  originalUrl?: string;
  url?: string;
  ip?: string | undefined;
  /** The current user, where something has authenticated it. */
  user?: unknown;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A request id that came from outside is kept where it is short and plain. */
const PLAIN_ID = /^[\w.:/+=-]{1,128}$/;
/** `traceparent` of W3C Trace Context: version, trace id, parent id, flags. */
const TRACE_PARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

/**
 * The context of a request: its id (`X-Request-Id`, or a new one), trace id (W3C Trace Context), address, user
 * agent, method, and path without the query. The address is Express's `ip`, which believes proxies as far as
 * its setting `trust proxy` says.
 */
export function requestContext(request: ContextRequest): AuditContext {
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : value?.[0];
  };
  const given = header('x-request-id');
  const [, traceId] = TRACE_PARENT.exec(header('traceparent') ?? '') ?? [];
  const userAgent = header('user-agent');
  const path = (request.originalUrl ?? request.url)?.split('?', 1)[0];
  return {
    requestId: given !== undefined && PLAIN_ID.test(given) ? given : randomUUID(),
    ...(traceId && {traceId}),
    ...(request.ip && {ip: request.ip}),
    ...(userAgent && {userAgent}),
    ...(request.method && {method: request.method}),
    ...(path && {path}),
  };
}
