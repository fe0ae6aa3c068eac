import type {AuditSink} from './audit-sink';
import {checkDelivery} from './check-delivery';
import type {Delivery} from './delivery';

/**
 * A sink whose entries follow their changes as surely as said, where nothing else is said.
 *
 * @throws Error where the sink cannot keep that promise
 */
export function withDelivery(sink: AuditSink, delivery: Delivery): AuditSink {
  checkDelivery(sink, delivery);
  return {
    delivery,
    ...(sink.deliveries && {deliveries: sink.deliveries}),
    joins: async scope => (await sink.joins?.(scope)) ?? false,
    deliver: (entries, scope) => sink.deliver(entries, scope),
  };
}
