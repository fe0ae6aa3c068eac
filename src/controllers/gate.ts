import type {RequestContext} from '@loopback/rest';
import type {Bearer} from '../admission/admit';
import {canonicalIp} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import {type AuthorizedCaller, authorize, type CallerResolver, type Tenancy} from '../identity/caller';
import type {PermissionKey} from '../identity/permission';

/** Lets callers in who may do what they ask for. */
export class Gate {
  constructor(
    private readonly resolve: CallerResolver,
    private readonly tenancy: Tenancy,
  ) {}

  /** @throws AuditError UNAUTHENTICATED, INVALID_TOKEN, TOKEN_EXPIRED, FORBIDDEN, IDENTITY_UNAVAILABLE */
  async open(context: RequestContext, needed: PermissionKey): Promise<AuthorizedCaller> {
    // What is answered is for this caller alone.
    context.response.setHeader('Cache-Control', 'no-store');
    return authorize(await this.resolve(context), needed, this.tenancy);
  }
}

/** The caller as the bearer of entries, with the context of the request that brings them. */
export function bearerOf(caller: AuthorizedCaller, {request}: RequestContext): Bearer {
  const {tenantId, id: actor, actorType} = caller;
  const requestId = fitting(request.get('x-request-id'), 256);
  const userAgent = fitting(request.get('user-agent'), 32_768);
  const ip = canonicalIp(request.ip ?? '');
  return {
    ...{tenantId, actor, actorType},
    context: {...(requestId && {requestId}), ...(userAgent && {userAgent}), ...(ip && {ip})},
  };
}

const fitting = (text: string | undefined, maxLength: number): string | undefined =>
  text !== undefined && text.length <= maxLength && !textFault(text) ? text : undefined;
