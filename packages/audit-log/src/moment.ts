let last = 0;

/**
 * The present moment as RFC 3339 in UTC. The clock tells milliseconds; moments within the same one are numbered by
 * microseconds, so that what happens later in this process is always told as later.
 */
export function moment(): string {
  last = Math.max(Date.now() * 1_000, last + 1);
  const micros = String(last % 1_000).padStart(3, '0');
  return `${new Date(Math.floor(last / 1_000)).toISOString().slice(0, -1)}${micros}Z`;
}
