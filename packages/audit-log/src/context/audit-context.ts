import {AsyncLocalStorage} from 'node:async_hooks';
import type {AuditEntry} from '../entry';

/** What is known of the request, or other unit of work, in which things happen. */
export type AuditContext = Partial<
  Pick<
    AuditEntry,
    | 'tenantId'
    | 'actor'
    | 'actorType'
    | 'actorName'
    | 'actorEmail'
    | 'onBehalfOf'
    | 'requestId'
    | 'traceId'
    | 'sessionId'
    | 'ip'
    | 'userAgent'
    | 'method'
    | 'path'
    | 'serviceName'
    | 'serviceVersion'
  >
>;

const storage = new AsyncLocalStorage<AuditContext>();

/** The context of the code that asks; empty outside of any. */
export const currentContext = (): AuditContext => storage.getStore() ?? {};

/** Runs `work`, and all that it awaits, in the present context with `more` added to it. */
export const withContext = <T>(more: AuditContext, work: () => T): T =>
  storage.run({...currentContext(), ...more}, work);
