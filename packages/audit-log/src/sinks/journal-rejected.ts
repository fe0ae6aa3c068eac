import {open} from 'node:fs/promises';
import type {SinkEntry} from './audit-sink';
import {deliveryFailures} from './delivery-failures';

/** The file of a journal's folder that holds what was laid aside, one JSON document a line. */
export const REJECTED_FILE = 'rejected.ndjson';

/** An entry that the target will never take, or a line that is no entry, and why. */
export type LaidAside = {error: unknown} & ({entry: SinkEntry} | {line: string});

/** Appends to the file of what was laid aside, flushes it, and tells of each. */
export async function layAside(path: string, all: readonly LaidAside[]): Promise<void> {
  if (all.length === 0) return;
  const rejectedAt = new Date().toISOString();
  const text = all.map(
    ({error, ...what}) => `${JSON.stringify({rejectedAt, reason: reasonOf(error), ...what})}\n`,
  );
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(text.join(''));
    await file.datasync();
  } finally {
    await file.close();
  }
  for (const each of all) {
    deliveryFailures.report({entries: 'entry' in each ? [each.entry] : [], error: each.error});
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
