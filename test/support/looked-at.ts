import type {Detector} from '../../dist/detection/detector';

/** Has the entries of a tenant looked at, until there are none that were not. */
export async function lookedAt(detector: Detector, tenantId: string): Promise<void> {
  while ((await detector.advance(tenantId)) !== 'done');
}
