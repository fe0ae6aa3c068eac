import {EventEmitter} from 'node:events';
import type {SinkEntry} from './audit-sink';

/** Entries that did not reach their sink, though what they tell of has happened. */
export interface DeliveryFailure {
  /** Empty where not even the entry could be made, or read. */
  entries: readonly SinkEntry[];
  error: unknown;
}

/**
 * Where it is told that entries were lost or laid aside: by `durable` and `background` deliveries, relays,
 * journals and `@audited()`. They are counted, and given to whoever listens for `failure`. Nothing is printed.
 */
export class DeliveryFailures extends EventEmitter<{failure: [DeliveryFailure]}> {
  private lost = 0;

  /** Entries whose delivery has failed since the process began. */
  get count(): number {
    return this.lost;
  }

  /** Never throws: what a listener throws is told as a warning of the process (`process.on('warning')`). */
  report(failure: DeliveryFailure): void {
    this.lost += Math.max(failure.entries.length, 1);
    try {
      this.emit('failure', failure);
    } catch (error) {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.emitWarning(`A listener for failed deliveries of audit entries has thrown: ${said}`);
    }
  }
}

/** The failures of this process. */
export const deliveryFailures = new DeliveryFailures();
