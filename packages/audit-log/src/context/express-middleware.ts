import {withContext} from './audit-context';
import {type ContextRequest, requestContext} from './request-context';
import {tenantColumn, tenantOfUser} from './request-tenant';

/** How the middleware reads requests. */
export interface AuditContextOptions<R extends ContextRequest = ContextRequest> {
  /** Whose request it is; by default the `tenantId` of `request.user`. */
  tenant?: (request: R) => string | number | null | undefined;
}

/**
 * The context of requests, for applications on Express alone. Mount it before the routes, and after what
 * authenticates: the tenant is read when the request passes.
 */
export const auditContext =
  <R extends ContextRequest = ContextRequest>({tenant}: AuditContextOptions<R> = {}) =>
  (request: R, response: {setHeader(name: string, value: string): unknown}, next: () => void): void => {
    const tenantId = tenant ? tenant(request) : tenantOfUser(request.user);
    const context = {...requestContext(request), ...tenantColumn(tenantId)};
    response.setHeader('X-Request-Id', context.requestId ?? '');
    withContext(context, next);
  };
