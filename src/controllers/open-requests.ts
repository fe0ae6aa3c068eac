import {once} from 'node:events';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {Server as NetServer} from 'node:net';
import {setTimeout as sleep, setImmediate as turn} from 'node:timers/promises';
import type {Middleware} from '@loopback/rest';

/** How long a connection without a request stays open, for one that may be on its way, in milliseconds. */
const LINGER_MS = 250;
/** How often such connections are looked for from then on. */
const LOOK_EVERY_MS = 50;

/** The requests that a server has accepted, so that it can end without cutting one off. */
export class OpenRequests {
  private readonly responses = new Set<ServerResponse>();
  private running = 0;
  private isEnding = false;
  private readonly waiting: (() => void)[] = [];

  /** Counts those that are worked on: one whose caller has gone is, until its work has ended. */
  readonly count: Middleware = async (_context, next) => {
    this.running++;
    try {
      return await next();
    } finally {
      this.running--;
      if (this.running === 0) for (const done of this.waiting.splice(0)) done();
    }
  };

  /** Follows a server that listens. */
  follow(server: Server): void {
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      if (this.isEnding) sayClose(response);
      this.responses.add(response);
      response.once('close', () => this.responses.delete(response));
    });
  }

  /**
   * Ends a server: it listens no longer, each answer says that the connection ends with it (RFC 9112, section 9.6), and
   * everything that was accepted is answered. Resolves when nothing is worked on any more, or when `graceMs` are over:
   * then what is left is cut off.
   */
  async end(server: Server, graceMs: number): Promise<void> {
    if (!server.listening) return;
    // What waits in the queue of the system is accepted by the turn that ends here.
    await turn();
    await turn();
    const closed = once(server, 'close');
    // That of the HTTP server would cut off connections on which a request may be on its way.
    NetServer.prototype.close.call(server);
    this.isEnding = true;
    for (const response of this.responses) sayClose(response);
    const ending = new AbortController();
    const over = sleep(graceMs, undefined, {signal: ending.signal}).then(
      () => server.closeAllConnections(),
      () => {},
    );
    const closing = this.closeIdle(server, ending.signal);
    await Promise.race([Promise.all([closed, this.idle()]), over]);
    ending.abort();
    await Promise.all([closing, closed]);
  }

  private async closeIdle(server: Server, signal: AbortSignal): Promise<void> {
    for (let pause = LINGER_MS; !signal.aborted; pause = LOOK_EVERY_MS) {
      await sleep(pause, undefined, {signal}).catch(() => {});
      server.closeIdleConnections();
    }
  }

  private async idle(): Promise<void> {
    if (this.running > 0) await new Promise<void>(done => this.waiting.push(done));
  }
}

/** Says that the connection ends with an answer, unless its head is on its way. */
function sayClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
