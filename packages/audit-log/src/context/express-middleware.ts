import {withContext} from './audit-context';
import {type ContextRequest, requestContext} from './request-context';

/** The context of requests, for applications on Express alone. Mount it before the routes. */
export const auditContext =
  () =>
  (
    request: ContextRequest,
    response: {setHeader(name: string, value: string): unknown},
    next: () => void,
  ): void => {
    const context = requestContext(request);
    response.setHeader('X-Request-Id', context.requestId ?? '');
    withContext(context, next);
  };
