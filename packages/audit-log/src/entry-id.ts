import {randomUUID} from 'node:crypto';

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds since 1970, and 74 random ones. */
export function entryId(now = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  // From version 4 on it is the same: variant and random bits, of which Node keeps a stock.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
