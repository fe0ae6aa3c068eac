import type {LifeCycleObserver} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import {createOutbox, type Forward, OutboxRelay} from '@loopback-audit/audit-log';
import type {Logger} from 'pino';

/** Drains the outboxes of a host into the trail for as long as the application runs. */
export class OutboxRelays implements LifeCycleObserver {
  private relays: OutboxRelay[] = [];

  constructor(
    private readonly sources: readonly juggler.DataSource[],
    private readonly forward: Forward,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    for (const dataSource of this.sources) {
      await createOutbox(dataSource);
      const onError = (error: unknown) => this.logger.warn({err: error}, 'the outbox could not be drained');
      this.relays.push(new OutboxRelay({dataSource, forward: this.forward, onError}));
    }
    for (const relay of this.relays) relay.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.relays.splice(0).map(relay => relay.stop()));
  }
}
