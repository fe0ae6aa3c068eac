import type {AuditSink, SinkEntry} from './audit-sink';
import {isRefusal} from './failure';

/** An entry that a sink will never take, and the error that says why. */
export interface Refused {
  /** Its place among those that were to be delivered, from 0. */
  index: number;
  entry: SinkEntry;
  error: unknown;
}

/**
 * Delivers entries in their order, but for those that the sink refuses: it finds them by halving what was refused
 * together, in about twice log2(n) deliveries for each.
 *
 * @returns the entries that were refused, in order
 * @throws what the sink throws that is no refusal; some of the entries may have been delivered then
 */
export async function deliverAcceptable(sink: AuditSink, entries: readonly SinkEntry[]): Promise<Refused[]> {
  return deliverFrom(sink, entries, 0);
}

async function deliverFrom(sink: AuditSink, entries: readonly SinkEntry[], from: number): Promise<Refused[]> {
  if (entries.length === 0) return [];
  try {
    await sink.deliver(entries, {});
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [entry] = entries;
    if (entry && entries.length === 1) return [{index: from, entry, error}];
    const half = Math.ceil(entries.length / 2);
    const before = await deliverFrom(sink, entries.slice(0, half), from);
    return [...before, ...(await deliverFrom(sink, entries.slice(half), from + half))];
  }
}
