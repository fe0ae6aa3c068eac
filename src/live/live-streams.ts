import type {LifeCycleObserver} from '@loopback/core';
import {AuditError} from '../errors';

export interface StreamLimits {
  /** Streams at a time in this process. */
  limit: number;
  /** Of those, as many of one tenant. */
  tenantLimit: number;
}

/** Bounds the streams that are open, and ends them all where the service ends: they would go on for ever. */
export class LiveStreams implements LifeCycleObserver {
  /** Who ends each, and whose it is. */
  private readonly open = new Map<AbortController, string>();
  private hasEnded = false;

  /** @param onChange is told how many are open */
  constructor(
    private readonly limits: StreamLimits,
    private readonly onChange: (open: number) => void = () => {},
  ) {}

  /**
   * Runs a stream, which must end soon after `over` is aborted; it may do that itself.
   *
   * @throws AuditError TOO_MANY_STREAMS, OVERLOADED where the service is about to end
   */
  async use<T>(tenantId: string, work: (over: AbortController) => Promise<T>): Promise<T> {
    if (this.hasEnded) throw new AuditError('OVERLOADED', 'The service is about to end: try again.');
    const {limit, tenantLimit} = this.limits;
    if (this.open.size >= limit) throw tooMany(`${limit} streams are open`);
    const ofTenant = [...this.open.values()].filter(each => each === tenantId).length;
    if (ofTenant >= tenantLimit) throw tooMany(`${tenantLimit} streams of this tenant are open`);
    const over = new AbortController();
    this.open.set(over, tenantId);
    this.onChange(this.open.size);
    try {
      return await work(over);
    } finally {
      this.open.delete(over);
      this.onChange(this.open.size);
    }
  }

  /** Ends every stream, and lets no other begin. */
  stop(): void {
    this.hasEnded = true;
    for (const over of this.open.keys()) over.abort();
  }
}

const tooMany = (what: string) => new AuditError('TOO_MANY_STREAMS', `${what}: try again later.`);
