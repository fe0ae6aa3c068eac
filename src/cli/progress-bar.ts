import type {Writable} from 'node:stream';
import {SingleBar} from 'cli-progress';

const EVERY_MS = 100;

/** A bar on a terminal that shows how far a long work has come; elsewhere nothing. */
export interface ProgressBar {
  update(done: number, counted: Readonly<Record<string, number>>): void;
  stop(): void;
}

/**
 * Draws a bar where `stream` is a terminal.
 *
 * @param format of cli-progress, which names what `update` counts
 * @param total how much is to be done, in the unit of `update`
 */
export function progressBar(
  stream: Writable & {isTTY?: boolean},
  format: string,
  total: number,
  counted: Readonly<Record<string, number>>,
): ProgressBar {
  if (!stream.isTTY) return {update: () => {}, stop: () => {}};
  const bar = new SingleBar({stream, format, clearOnComplete: true});
  bar.start(total, 0, counted);
  let drawn = 0;
  return {
    update(done, now) {
      if (Date.now() - drawn < EVERY_MS) return;
      drawn = Date.now();
      bar.update(done, now);
    },
    stop: () => bar.stop(),
  };
}
