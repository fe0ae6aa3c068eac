/** Client errors (RFC 9110, 15.5) that tell of the caller, the address or the moment, and nothing of the entries. */
const NOT_OF_THE_ENTRIES: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 421, 425, 429]);
/** The audit service refuses an entry of another tenant than the token's with a 403 of this code. */
const OF_ANOTHER_TENANT = 'TENANT_MISMATCH';

/**
 * Whether a sink will never take the entries as they are, so that trying again helps nothing. It tells so by the
 * `statusCode` of its error, a client error of HTTP; LoopBack's own validation errors have one.
 */
export function isRefusal(error: unknown): boolean {
  const {statusCode, code} = (error ?? {}) as {statusCode?: unknown; code?: unknown};
  if (typeof statusCode !== 'number') return false;
  if (code === OF_ANOTHER_TENANT) return true;
  return statusCode >= 400 && statusCode < 500 && !NOT_OF_THE_ENTRIES.has(statusCode);
}

/** Longest time that a sink is believed to want to be left alone, in milliseconds. */
const LONGEST_REST_MS = 300_000;

/** How long the sink wants to be left alone before the next attempt, in milliseconds: its error's `retryAfterMs`. */
export function restOf(error: unknown): number {
  const {retryAfterMs} = (error ?? {}) as {retryAfterMs?: unknown};
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_REST_MS) : 0;
}
