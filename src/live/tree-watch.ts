import {setTimeout as sleep} from 'node:timers/promises';
import type {LifeCycleObserver} from '@loopback/core';
import type {Logger} from 'pino';
import type {Database} from '../repositories/database';
import {treeSizes} from '../repositories/tree-sizes';
import {FollowedTree} from './followed-tree';

/** Shortest time from one look to the next, however much this process stores, in milliseconds. */
const SHORTEST_MS = 20;

/**
 * Knows how far the trees are that somebody follows. One statement each interval looks at all of them, whoever has stored
 * something, and one at once where this process has. The database is not asked while nobody follows.
 */
export class TreeWatch implements LifeCycleObserver {
  private readonly followed = new Map<string, {tree: FollowedTree; followers: number}>();
  private looking: Promise<void> | undefined;
  private resting = new AbortController();
  private isHurried = false;
  private isStopped = false;
  private hasFailed = false;

  /** @param pollMs time between two looks, in milliseconds */
  constructor(
    private readonly database: Database,
    private readonly pollMs: number,
    private readonly logger: Logger,
  ) {
    database.growth.hear(tenantId => {
      if (this.followed.has(tenantId)) this.hurry();
    });
  }

  /**
   * What `work` makes of the tree of a tenant, which is followed for as long as that is taken.
   *
   * @param size how many leaves it is known to have
   */
  async *follow<T>(
    tenantId: string,
    size: number,
    work: (tree: FollowedTree) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const known = this.followed.get(tenantId) ?? {tree: new FollowedTree(), followers: 0};
    known.followers += 1;
    known.tree.grow(size);
    this.followed.set(tenantId, known);
    this.looking ??= this.look();
    try {
      yield* work(known.tree);
    } finally {
      known.followers -= 1;
      if (known.followers === 0) this.followed.delete(tenantId);
    }
  }

  /** Ends, once the look under way is done. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.resting.abort();
    await this.looking;
  }

  private hurry(): void {
    this.isHurried = true;
    this.resting.abort();
  }

  private async look(): Promise<void> {
    while (this.followed.size > 0 && !this.isStopped) {
      await this.lookOnce();
      await sleep(SHORTEST_MS);
      if (!this.isHurried && !this.isStopped) await this.rest();
    }
    this.looking = undefined;
  }

  private async lookOnce(): Promise<void> {
    this.isHurried = false;
    try {
      for (const [tenantId, size] of await treeSizes(this.database, [...this.followed.keys()])) {
        this.followed.get(tenantId)?.tree.grow(size);
      }
      if (this.hasFailed) this.logger.info('streams go on');
      this.hasFailed = false;
    } catch (error) {
      // Said once, until it goes on.
      if (!this.hasFailed) this.logger.error({err: error}, 'streams wait for the database');
      this.hasFailed = true;
    }
  }

  private async rest(): Promise<void> {
    this.resting = new AbortController();
    await sleep(this.pollMs - SHORTEST_MS, undefined, {signal: this.resting.signal}).catch(() => {});
  }
}
