import type {RequestContext} from '@loopback/rest';
import type {Bearer} from '../admission/admit';
import {canonicalIp} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import type {AuthorizedCaller} from '../identity/caller';

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
