import type {Context, LifeCycleObserver} from '@loopback/core';
import type {juggler} from '@loopback/repository';
import {type AuditLogOptions, auditLogOptions} from '../audit-log-options';
import {deliveryFailures} from '../sinks/delivery-failures';
import {useSink} from '../sinks/sink-of';
import {ensureOutbox} from './ensure-outbox';
import {forwardTo} from './forward-to';
import {OutboxRelay, type Rejected} from './outbox-relay';
import {outboxSink} from './outbox-sink';

/** The datasources of an application that have an outbox, in the order in which its options name them. */
export const outboxSources = (
  context: Context,
  {outbox = []}: Pick<AuditLogOptions, 'outbox'>,
): Promise<juggler.DataSource[]> =>
  Promise.all(
    outbox.map(name => context.get<juggler.DataSource>(`datasources.${name.replace(/^datasources\./, '')}`)),
  );

/** Opens the outboxes when the application starts, and runs their relays. */
export class Outboxes implements LifeCycleObserver {
  private relays: OutboxRelay[] = [];

  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    const options = await auditLogOptions(this.context);
    for (const dataSource of await outboxSources(this.context, options)) {
      if (options.createOutbox ?? true) await ensureOutbox(dataSource);
      useSink(dataSource, outboxSink);
      const relay = relayOf(dataSource, options);
      if (relay) this.relays.push(relay);
    }
    for (const relay of this.relays) relay.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.relays.splice(0).map(relay => relay.stop()));
  }
}

function relayOf(
  dataSource: juggler.DataSource,
  {relayTo, onRelayError, onRejected}: AuditLogOptions,
): OutboxRelay | undefined {
  if (!relayTo) return undefined;
  return new OutboxRelay({
    dataSource,
    forward: forwardTo(relayTo),
    ...(onRelayError && {onError: onRelayError}),
    onRejected(rejected) {
      for (const each of rejected) reportRejected(each);
      onRejected?.(rejected);
    },
  });
}

const reportRejected = ({entry, position, reason}: Rejected): void =>
  deliveryFailures.report({
    entries: [entry],
    error: new Error(`Laid aside at position ${position}: ${reason}`),
  });
