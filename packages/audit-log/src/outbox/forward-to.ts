import type {AuditSink} from '../sinks/audit-sink';
import {deliverAcceptable} from '../sinks/deliver-acceptable';
import type {Forward, Rejected} from './outbox-relay';

/**
 * Forwards to a sink that may see an entry twice, such as the audit service: its id tells. What the sink refuses
 * is answered, and the rest goes on in its order; everything else that fails is to be tried again.
 */
export const forwardTo =
  (sink: AuditSink): Forward =>
  async relayed => {
    const refused = await deliverAcceptable(
      sink,
      relayed.map(({entry}) => entry),
    );
    return refused.flatMap(({index, error}): Rejected[] => {
      const each = relayed[index];
      return each ? [{...each, reason: error instanceof Error ? error.message : String(error)}] : [];
    });
  };
