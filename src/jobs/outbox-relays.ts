import type {LifeCycleObserver} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import {ensureOutbox, type Forward, OutboxRelay, type Rejected} from '@loopback-audit/audit-log';
import type {Logger} from 'pino';

/** Drains the outboxes of a host into the trail for as long as the application runs. */
export class OutboxRelays implements LifeCycleObserver {
  private relays: OutboxRelay[] = [];

  /** @param count told how many entries were laid aside, when some were */
  constructor(
    private readonly sources: readonly juggler.DataSource[],
    private readonly forward: Forward,
    private readonly logger: Logger,
    private readonly count: (rejected: number) => void = () => {},
  ) {}

  async start(): Promise<void> {
    for (const dataSource of this.sources) {
      await ensureOutbox(dataSource);
      const onError = (error: unknown) => this.logger.warn({err: error}, 'the outbox could not be drained');
      this.relays.push(new OutboxRelay({dataSource, forward: this.forward, onError, onRejected: this.tell}));
    }
    for (const relay of this.relays) relay.start();
  }

  /** What is laid aside waits for somebody: it must be heard of. */
  private readonly tell = (rejected: readonly Rejected[]): void => {
    this.count(rejected.length);
    for (const {position, reason} of rejected) {
      this.logger.warn({position, reason}, 'an entry of the outbox was rejected and laid aside');
    }
  };

  async stop(): Promise<void> {
    await Promise.all(this.relays.splice(0).map(relay => relay.stop()));
  }
}
