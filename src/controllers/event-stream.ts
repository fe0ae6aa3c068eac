import {once} from 'node:events';
import type {Response} from '@loopback/rest';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {FeedItem} from '../live/entry-feed';
import {BEFORE_THE_FIRST} from '../query/stream-query';
import {only} from './entry-pages';

/** A client that takes nothing for so long is given up, in milliseconds. */
const STALL_MS = 120_000;
/** How long a client is to wait before it comes again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Sends items as server-sent events (WHATWG HTML, 9.2), no faster than they are taken, until there are no more or `over` is
 * aborted. The answer ends then, but for that of a client that is behind: its connection is cut, so that nobody waits for it.
 */
export async function sendEvents(
  items: AsyncIterable<FeedItem>,
  response: Response,
  over: AbortSignal,
  fields?: ReadonlySet<keyof AuditEntry>,
): Promise<void> {
  response.setTimeout(STALL_MS, () => response.destroy());
  response.setHeader('Content-Type', 'text/event-stream');
  // Of proxies such as nginx: what is held back until there is more of it comes late.
  response.setHeader('X-Accel-Buffering', 'no');
  const send = async (text: string) => {
    if (!response.write(text)) await once(response, 'drain', {signal: over}).catch(() => {});
  };
  try {
    await send(`: entries as they are stored\nretry: ${RETRY_MS}\n\n`);
    for await (const item of items) {
      if (over.aborted) break;
      await send(eventText(item, fields));
    }
  } finally {
    if (response.writableNeedDrain) response.destroy();
    else response.end();
  }
}

function eventText(item: FeedItem, fields?: ReadonlySet<keyof AuditEntry>): string {
  switch (item.kind) {
    case 'entry':
      return event('entry', item.leaf, fields ? only(item.entry, fields) : item.entry);
    case 'gap':
      return event('gap', item.leaf, {from: item.missing.first, to: item.missing.last});
    case 'position':
      return event('position', item.leaf, {leafIndex: item.leaf < 0 ? null : item.leaf});
    case 'pulse':
      return ': still here\n\n';
  }
}

const event = (kind: string, leaf: number, data: object): string =>
  `id: ${leaf < 0 ? BEFORE_THE_FIRST : leaf}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
