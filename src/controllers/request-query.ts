import type {Request} from '@loopback/rest';
import {queryFault} from '../query/fault';
import type {QueryParameters} from '../query/parameters';

/** Parameters that the parser of query strings reads; it drops those beyond without a word. */
const MAX_PARAMETERS = 1_000;

/**
 * The parameters of a request. What the parser would pass over in silence is refused, for a condition that is
 * dropped selects more than was asked for.
 *
 * @throws AuditError INVALID_PARAMETER
 */
export function queryOf(request: Request): QueryParameters {
  const [, text = ''] = /\?(.*)$/s.exec(request.originalUrl) ?? [];
  const pairs = text.split('&');
  if (pairs.length > MAX_PARAMETERS) {
    throw fault('query', 'TOO_LONG', `has more than ${MAX_PARAMETERS} parameters`);
  }
  for (const pair of pairs) {
    const [name = '', value = ''] = pair.split(/=(.*)/s).map(decoded);
    if (name.split(/[[\]]/).includes('__proto__')) {
      throw fault('__proto__', 'UNKNOWN_PARAMETER', 'is not a name for a parameter');
    }
    if (name === '' && value !== '') throw fault('query', 'INVALID_VALUE', 'has a value without a name');
  }
  return request.query;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault('query', 'INVALID_ENCODING', 'is not percent-encoded UTF-8');
  }
}

const fault = (field: string, code: string, message: string) =>
  queryFault(field, code, message, 'INVALID_PARAMETER');
