import {inject} from '@loopback/core';
import {get, type RequestContext, type Response, RestBindings} from '@loopback/rest';
import type {Logger} from 'pino';
import {PermissionKey} from '../identity/permission';
import {AuditServiceBindings} from '../keys';
import type {EntryFeed, FeedItem} from '../live/entry-feed';
import type {LiveStreams} from '../live/live-streams';
import {firstLeaf, readStreamQuery} from '../query/stream-query';
import {sendEvents} from './event-stream';
import type {Gate} from './gate';
import {errors, SECURED, SELECTING} from './openapi';
import {queryOf} from './request-query';

const LAST_EVENT = 'The id of the last event that was had: the stream goes on behind it';

/** The longest time of a timer, in milliseconds: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Entries as they come. */
export class StreamController {
  constructor(
    @inject(AuditServiceBindings.GATE) private readonly gate: Gate,
    @inject(AuditServiceBindings.LIVE_STREAMS) private readonly streams: LiveStreams,
    @inject(AuditServiceBindings.ENTRY_FEED) private readonly feed: EntryFeed,
    @inject(AuditServiceBindings.LOGGER) private readonly logger: Logger,
    @inject(RestBindings.Http.CONTEXT) private readonly context: RequestContext,
  ) {}

  @get('/audit-logs/stream', {
    ...SECURED,
    summary: 'Follow entries as they are stored',
    description:
      'Server-sent events, in the order in which entries are stored, from now on, or from behind the last event that the ' +
      'client has had. An event entry has an entry as its data, position the leaf up to which there is nothing more, gap ' +
      'the leaves whose entries are not in the database any more. The stream ends when the token does.',
    'x-query': [
      ...SELECTING,
      {
        name: 'lastEventId',
        in: 'query',
        schema: {type: 'string'},
        description: `${LAST_EVENT}; none is before the first entry. The header goes before it.`,
        example: '4711',
      },
      {name: 'Last-Event-ID', in: 'header', schema: {type: 'string'}, description: LAST_EVENT},
    ],
    responses: {
      200: {
        description: 'Events, without end',
        content: {
          'text/event-stream': {
            schema: {type: 'string'},
            example: 'id: 4711\nevent: entry\ndata: {"action":"user.login","leafIndex":4711}\n\n',
          },
        },
      },
      ...errors(),
    },
  })
  async stream(): Promise<Response> {
    const {request, response} = this.context;
    const {tenantId, expiresAt} = await this.gate.open(this.context, PermissionKey.ViewAudit);
    const asked = readStreamQuery(tenantId, queryOf(request), request.get('last-event-id'));
    return this.streams.use(tenantId, async over => {
      const end = () => over.abort();
      const expiry = setTimeout(end, Math.min((expiresAt ?? Number.MAX_VALUE) - Date.now(), LONGEST_MS));
      response.once('close', end);
      if (response.closed) end();
      try {
        const size = await this.feed.size(tenantId, asked);
        const next = firstLeaf(asked, size);
        const items = this.feed.follow(tenantId, asked, {next, size}, over.signal);
        await sendEvents(asked.last ? items : placed(items, next), response, over.signal, asked.fields);
      } catch (error) {
        if (!response.headersSent) throw error;
        this.logger.error({err: error, tenantId}, 'a stream of entries has ended by a fault');
      } finally {
        clearTimeout(expiry);
        response.off('close', end);
      }
      return response;
    });
  }
}

/** Tells first where a stream begins, so that a client that is cut off before the first entry goes on from there. */
async function* placed(items: AsyncIterable<FeedItem>, next: number): AsyncGenerator<FeedItem> {
  yield {kind: 'position', leaf: next - 1};
  yield* items;
}
