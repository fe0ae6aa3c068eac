import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Response} from '@loopback/rest';
import type {Logger} from 'pino';

/** A client that takes nothing for so long is given up, in milliseconds: it holds what the stream reads from. */
const STALL_MS = 120_000;

/**
 * Sends a stream as the body of a response. Where the stream fails or the client goes away, the connection
 * is cut, so that a part is never taken for the whole.
 */
export async function sendStream(content: Readable, response: Response, logger: Logger): Promise<Response> {
  response.setTimeout(STALL_MS, () => response.destroy());
  try {
    await pipeline(content, response);
  } catch (error) {
    logger.warn({err: error}, 'a stream was not sent whole');
  }
  return response;
}
