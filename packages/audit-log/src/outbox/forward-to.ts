import type {AuditSink} from '../sinks/audit-sink';
import {AuditServiceError} from '../sinks/http-sink';
import type {Forward, Rejected, Relayed} from './outbox-relay';

/**
 * What the audit service says of entries that it will never take. That a token is refused, or opens another trail,
 * is not among them: the host can mend it, and the entries wait.
 */
const HOPELESS = new Set<string | undefined>(['INVALID_BATCH', 'ID_CONFLICT', 'BODY_TOO_LARGE']);

/**
 * Forwards to a sink that may see an entry twice, such as the audit service: its id tells. An entry that the
 * service will never take is laid aside, and holds up no other.
 */
export const forwardTo = (sink: AuditSink): Forward => {
  const forward = async (relayed: readonly Relayed[]): Promise<Rejected[]> => {
    const entries = relayed.map(({entry}) => entry);
    try {
      await sink.deliver(entries, {});
      return [];
    } catch (error) {
      if (!(error instanceof AuditServiceError && HOPELESS.has(error.code))) throw error;
      const [only] = relayed;
      if (only && relayed.length === 1) return [{...only, reason: error.message}];
    }
    // Halves, one after the other, find the entry at fault in few requests and keep the order.
    const half = Math.ceil(relayed.length / 2);
    const first = await forward(relayed.slice(0, half));
    return [...first, ...(await forward(relayed.slice(half)))];
  };
  return forward;
};
