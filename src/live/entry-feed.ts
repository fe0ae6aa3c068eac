import {setTimeout as sleep} from 'node:timers/promises';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Logger} from 'pino';
import {AuditError} from '../errors';
import type {Database} from '../repositories/database';
import {entriesSince, type LeafRange, type Sought, type Step} from '../repositories/entries-since';
import {treeSize} from '../repositories/tree-rows';
import {tryPatterns} from '../repositories/try-patterns';
import type {FollowedTree} from './followed-tree';
import type {TreeWatch} from './tree-watch';
import {Turns} from './turns';

/** What a follower is told. Whoever comes back goes on behind the last leaf that was named. */
export type FeedItem =
  | {kind: 'entry'; leaf: number; entry: AuditEntry}
  /** No entry is stored any more of these leaves, the last of which is `leaf`. */
  | {kind: 'gap'; leaf: number; missing: LeafRange}
  /** There is nothing more of what is sought up to this leaf, and with it; -1 stands before the first. */
  | {kind: 'position'; leaf: number}
  /** The feed lives. */
  | {kind: 'pulse'};

export interface EntryFeedParts {
  database: Database;
  watch: TreeWatch;
  logger: Logger;
}

export interface EntryFeedOptions {
  /** Time from one pulse to the next, in milliseconds. */
  heartbeatMs: number;
  /** Longest time of one statement, in milliseconds. */
  queryTimeoutMs: number;
}

/** Feeds of this process that read at the same time: the other connections are for others. */
const READING_AT_ONCE = 4;

/** Entries of a page, at first and at most. */
const FIRST_PAGE = 16;
const LARGEST_PAGE = 100;
/** A page that takes its follower longer is followed by a smaller one, in milliseconds. */
const PAGE_MS = 1_000;

/** After so many leaves with nothing that is sought the follower is told where it is, so that nobody goes that way twice. */
const FAR = 1_000;

/** After this time a page is asked for again that the database could not give, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * The entries of a tenant as they are stored, in the order of their leaves, from any leaf on. A feed that is not taken
 * reads nothing: it holds a page, and no connection.
 */
export class EntryFeed {
  private readonly turns = new Turns(READING_AT_ONCE);

  constructor(
    private readonly parts: EntryFeedParts,
    private readonly options: EntryFeedOptions,
  ) {}

  /**
   * How many leaves the tree of a tenant has now, once the database has found nothing wrong with what is sought.
   *
   * @throws AuditError INVALID_FILTER, DATABASE_UNAVAILABLE
   */
  size(tenantId: string, {condition}: Sought): Promise<number> {
    const options = {role: 'audit_reader', tenantId, timeoutMs: this.options.queryTimeoutMs} as const;
    return this.parts.database.transaction(options, async session => {
      await tryPatterns(session, condition);
      return treeSize(session, tenantId);
    });
  }

  /**
   * Everything that is sought from leaf `next` on, with no end but that of `over`. While the database is away it waits.
   *
   * @param size how many leaves there are known to be
   */
  follow(
    tenantId: string,
    sought: Sought,
    {next, size}: {next: number; size: number},
    over: AbortSignal,
  ): AsyncGenerator<FeedItem> {
    return this.parts.watch.follow(tenantId, size, tree => this.feed(tenantId, sought, next, tree, over));
  }

  private async *feed(
    tenantId: string,
    sought: Sought,
    first: number,
    tree: FollowedTree,
    over: AbortSignal,
  ): AsyncGenerator<FeedItem> {
    const {heartbeatMs} = this.options;
    let pulseAt = performance.now() + heartbeatMs;
    let limit = FIRST_PAGE;
    let next = first;
    // The leaf behind the last one that the follower was told of.
    let told = first;
    const position = (): FeedItem => {
      told = next;
      return {kind: 'position', leaf: next - 1};
    };
    while (!over.aborted) {
      if (performance.now() >= pulseAt) {
        if (told < next) yield position();
        yield {kind: 'pulse'};
        pulseAt = performance.now() + heartbeatMs;
      }
      if (next >= tree.size) {
        await tree.grown(pulseAt - performance.now(), over);
        continue;
      }
      const step = await this.step(tenantId, sought, {first: next, end: tree.size}, limit);
      if (!step) {
        await sleep(RETRY_MS, undefined, {signal: over}).catch(() => {});
        continue;
      }
      const begun = performance.now();
      for (const item of itemsOf(step)) {
        yield item;
        told = item.leaf + 1;
      }
      const isSlow = performance.now() - begun > PAGE_MS;
      limit = isSlow ? Math.ceil(limit / 2) : Math.min(2 * limit, LARGEST_PAGE);
      next = step.next;
      if (next - told >= FAR) yield position();
    }
  }

  /** The next page; undefined where the database cannot give it now. */
  private async step(
    tenantId: string,
    sought: Sought,
    leaves: {first: number; end: number},
    limit: number,
  ): Promise<Step | undefined> {
    const {database, logger} = this.parts;
    const {queryTimeoutMs: timeoutMs} = this.options;
    const options = {role: 'audit_reader', tenantId, timeoutMs, background: true} as const;
    try {
      return await this.turns.take(async () => {
        await database.precedence.giveWay();
        return database.transaction(options, session =>
          entriesSince(session, tenantId, sought, leaves, limit),
        );
      });
    } catch (error) {
      if (!(error instanceof AuditError) || error.statusCode !== 503) throw error;
      // That the database is away is said once for all streams.
      if (error.code === 'QUERY_TIMEOUT') logger.warn({err: error, tenantId}, 'a stream reads too slowly');
      return undefined;
    }
  }
}

/** Entries and gaps in the order of their leaves. */
function itemsOf({entries, missing}: Step): Extract<FeedItem, {kind: 'entry' | 'gap'}>[] {
  return [
    ...missing.map(each => ({kind: 'gap', leaf: each.last, missing: each}) as const),
    ...entries.map(entry => ({kind: 'entry', leaf: Number(entry.leafIndex), entry}) as const),
  ].sort((a, b) => a.leaf - b.leaf);
}
