import assert from 'node:assert/strict';
import {once} from 'node:events';
import {type ClientRequest, type IncomingMessage, request} from 'node:http';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {eventually} from './eventually';

export interface StreamEvent {
  id: string | undefined;
  type: string;
  data: string;
}

/** A client of server-sent events: reads as the specification says, and keeps all that it was told. */
export class FollowedStream {
  /** The events that have data, in order. */
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  /** The id that the client would come back with. */
  lastEventId: string | undefined;
  retry: string | undefined;
  /** Whether the answer came to its end, or was cut; undefined while it goes on. */
  end: 'whole' | 'cut' | undefined;
  private rest = '';

  private constructor(
    private readonly client: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8').on('data', (text: string) => this.read(text));
    response.on('error', () => {});
    response.once('close', () => {
      this.end = response.complete ? 'whole' : 'cut';
    });
  }

  /** Opens a stream; any answer but 200 is an error. */
  static async open(
    url: string,
    token: string,
    headers: Record<string, string> = {},
  ): Promise<FollowedStream> {
    const client = request(url, {headers: {authorization: `Bearer ${token}`, ...headers}, agent: false});
    client.end();
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    client.on('error', () => {});
    assert.equal(response.statusCode, 200);
    return new FollowedStream(client, response);
  }

  get entries(): AuditEntry[] {
    return this.events.filter(({type}) => type === 'entry').map(({data}) => JSON.parse(data));
  }

  private get count(): number {
    return this.events.filter(({type}) => type === 'entry').length;
  }

  get leaves(): number[] {
    return this.entries.map(({leafIndex}) => Number(leafIndex));
  }

  ofType(type: string): unknown[] {
    return this.events.filter(event => event.type === type).map(({data}) => JSON.parse(data));
  }

  /** Waits until so many entries have come. */
  async until(entries: number): Promise<this> {
    await eventually(`${entries} entries come`, async () => (this.count >= entries ? true : undefined));
    return this;
  }

  async ended(): Promise<'whole' | 'cut'> {
    return eventually('the stream ends', async () => this.end);
  }

  close(): void {
    this.client.destroy();
  }

  private read(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) this.readBlock(block);
  }

  private readBlock(block: string): void {
    const event = {id: undefined as string | undefined, type: 'message', data: ''};
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === '') this.comments.push(value);
      else if (name === 'id') event.id = value;
      else if (name === 'event') event.type = value;
      else if (name === 'data') event.data += value;
      else if (name === 'retry') this.retry = value;
      else throw new Error(`There is no such field: ${line}`);
    }
    if (event.id !== undefined) this.lastEventId = event.id;
    if (event.data !== '') this.events.push(event);
  }
}
