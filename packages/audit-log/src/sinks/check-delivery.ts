import type {AuditSink} from './audit-sink';
import type {Delivery} from './delivery';

/** What a delivery needs that a sink may not have. */
const NEEDS: Readonly<Record<Delivery, string>> = {
  transactional: 'the outbox of the datasource of the change',
  required: 'a sink that is waited for',
  durable: 'a Journal, which keeps entries on the local disk and passes them on to the sink',
  background: 'a sink that needs no transaction of the change, which the outbox does',
};

/**
 * Makes sure that a sink can keep the promise of a delivery.
 *
 * @throws Error where it cannot, with what the delivery needs
 */
export function checkDelivery(sink: AuditSink, delivery: Delivery): void {
  const given = sink.deliveries ?? ['required', 'background', ...(sink.delivery ? [sink.delivery] : [])];
  if (given.includes(delivery)) return;
  throw new Error(
    `The delivery \`${delivery}\` needs ${NEEDS[delivery]}; this sink gives ${given.join(', ')}.`,
  );
}
