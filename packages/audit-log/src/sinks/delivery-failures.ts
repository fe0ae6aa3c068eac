import {EventEmitter} from 'node:events';
import type {SinkEntry} from './audit-sink';

/** Entries that did not reach their sink, after the change that they tell of had been committed. */
export interface DeliveryFailure {
  entries: readonly SinkEntry[];
  error: unknown;
}

/**
 * Where failures of `durable` and `background` deliveries are told: counted, and given to whoever listens for
 * `failure`. Nothing is printed.
 */
export class DeliveryFailures extends EventEmitter<{failure: [DeliveryFailure]}> {
  private lost = 0;

  /** Entries whose delivery has failed since the process began. */
  get count(): number {
    return this.lost;
  }

  report(failure: DeliveryFailure): void {
    this.lost += failure.entries.length;
    this.emit('failure', failure);
  }
}

/** The failures of this process. */
export const deliveryFailures = new DeliveryFailures();
