import type {Signal} from '../models/detection-rule';

/** An entry of one group, as far as a signal sees it. Events are given in the order of their time, then id. */
export interface SignalEvent {
  /** Microseconds. */
  at: number;
  /** Which of the rule's conditions it is under. */
  matches: readonly boolean[];
  /** Values of the fields that the rule counts; null where it has none. */
  values: readonly (string | null)[];
}

/** Answers of each event whether the signal is there with it: by it, and what came in the time before. */
export type SignalWatch = (event: SignalEvent) => boolean;

const MICROS = 1_000;

/**
 * Watches the events of one group for a signal. What it keeps is bounded by the counts of the rule, never by the number of
 * events: of a count the last so many times, of values the last so many, of an order the best beginning of each step.
 */
export function signalWatch(signal: Signal): SignalWatch {
  switch (signal.kind) {
    case 'match':
      return ({matches}) => matches[signal.matcher] === true;
    case 'eventCount':
      return eventCount(anyOf(signal.of), signal.atLeast, signal.spanMs * MICROS);
    case 'valueCount':
      return valueCount(anyOf(signal.of), signal.value, signal.atLeast, signal.spanMs * MICROS);
    case 'temporal': {
      const watches = signal.of.map(signalWatch);
      const span = signal.spanMs * MICROS;
      return signal.ordered ? inOrder(watches, span) : together(watches, span);
    }
  }
}

/** How long before an event that a signal is there with the first may lie that it is made of, in milliseconds. */
export function lookbackMs(signal: Signal): number {
  if (signal.kind === 'match') return 0;
  return signal.spanMs + Math.max(...signal.of.map(lookbackMs));
}

/** Every watch sees every event, for each remembers. */
function anyOf(signals: readonly Signal[]): SignalWatch {
  const watches = signals.map(signalWatch);
  return event => watches.map(watch => watch(event)).some(found => found);
}

function eventCount(watch: SignalWatch, atLeast: number, span: number): SignalWatch {
  const times: number[] = [];
  let next = 0;
  return event => {
    if (!watch(event)) return false;
    times[next] = event.at;
    next = (next + 1) % atLeast;
    // The place of the next time holds that of the event `atLeast - 1` before this one.
    const first = times[next];
    return first !== undefined && first >= event.at - span;
  };
}

function valueCount(watch: SignalWatch, value: number, atLeast: number, span: number): SignalWatch {
  /** The last time of each value, the longest ago first. */
  const seen = new Map<string, number>();
  return event => {
    const found = event.values[value];
    if (!watch(event) || found === null || found === undefined) return false;
    seen.delete(found);
    seen.set(found, event.at);
    const [oldest] = seen;
    if (oldest && seen.size > atLeast) seen.delete(oldest[0]);
    const [first] = seen.values();
    return seen.size === atLeast && first !== undefined && first >= event.at - span;
  };
}

function together(watches: readonly SignalWatch[], span: number): SignalWatch {
  const last = watches.map(() => Number.NEGATIVE_INFINITY);
  return event => {
    let any = false;
    for (const [i, watch] of watches.entries()) {
      if (!watch(event)) continue;
      last[i] = event.at;
      any = true;
    }
    return any && last.every(at => at >= event.at - span);
  };
}

function inOrder(watches: readonly SignalWatch[], span: number): SignalWatch {
  /** Of each step the latest beginning of an order that has come so far. */
  const begun = watches.map(() => Number.NEGATIVE_INFINITY);
  return event => {
    const found = watches.map(watch => watch(event));
    // From the end, so that no event is two steps.
    for (let i = found.length - 1; i >= 0; i--) {
      if (found[i]) begun[i] = Math.max(begun[i] ?? 0, i === 0 ? event.at : (begun[i - 1] ?? 0));
    }
    return found.at(-1) === true && (begun.at(-1) ?? 0) >= event.at - span;
  };
}
