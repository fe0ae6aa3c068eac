import {AuditError} from '../errors';

const ANSWER_WITHIN_MS = 60_000;
/** No checkpoint and no tile is longer, in bytes. */
const LONGEST = 1 << 20;

/**
 * Fetches what a running service answers below `/audit-logs/`.
 *
 * @throws AuditError SERVICE_UNREACHABLE where it does not answer, FORBIDDEN where it refuses, BODY_TOO_LARGE
 */
export const fetchLog =
  (url: string, token: string | undefined) =>
  async (path: string): Promise<Buffer> => {
    const target = `${url.replace(/\/+$/, '')}/audit-logs/${path}`;
    const headers = token === undefined ? {} : {authorization: `Bearer ${token}`};
    let response: Response;
    try {
      response = await fetch(target, {headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS)});
    } catch (cause) {
      throw new AuditError('SERVICE_UNREACHABLE', `${url} cannot be reached.`, [], {cause});
    }
    const body = await bounded(response, target);
    if (response.ok) return body;
    throw new AuditError(
      'FORBIDDEN',
      `${target} answers ${response.status}: ${body.toString().slice(0, 300)}`,
    );
  };

async function bounded(response: Response, target: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > LONGEST)
      throw new AuditError('BODY_TOO_LARGE', `${target} answers more than a tile can hold.`);
  }
  return Buffer.concat(parts);
}
