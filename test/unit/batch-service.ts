import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';

type Entry = Record<string, unknown>;

/**
 * The batch route of the service, over HTTP, keeping entries in memory: an entry whose action is
 * `bad` is refused, an id that is known is not stored again.
 */
export class BatchService {
  readonly stored = new Map<unknown, Entry>();
  readonly requests: {headers: IncomingMessage['headers']; lines: number}[] = [];
  /** Answers given before anything else, in turn. */
  readonly first: ((response: ServerResponse) => void)[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = (await text(request)).split('\n').slice(0, -1);
    this.requests.push({headers: request.headers, lines: lines.length});
    const instead = this.first.shift();
    if (instead) return instead(response);
    const entries = lines.map(line => JSON.parse(line) as Entry);
    const details = entries.flatMap(({action}, index) =>
      action === 'bad'
        ? [{field: 'action', code: 'INVALID_VALUE', message: 'must be good', line: index + 1}]
        : [],
    );
    if (details.length > 0) return refuse(response, 400, 'INVALID_BATCH', details);
    const fresh = entries.filter(({id}) => !this.stored.has(id));
    for (const entry of fresh) this.stored.set(entry.id, entry);
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({count: entries.length, stored: fresh.length, existing: entries.length - fresh.length}),
    );
  }
}

export function refuse(response: ServerResponse, status: number, code: string, details: object[] = []): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({error: {statusCode: status, name: 'AuditError', code, message: `no: ${code}`, details}}),
  );
}
