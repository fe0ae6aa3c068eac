import {HASH_BYTES} from './merkle-hash';

const COUNT = /^(0|[1-9]\d{0,15})$/;
const HASH = /^[A-Za-z0-9+/]{43}=$/;

/** A number of leaves, or the place of one, in decimal without leading zeroes; undefined where the text is none. */
export function parseCount(text: string): number | undefined {
  const count = COUNT.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

/** A hash in base64; undefined where the text is none. */
export function parseHash(text: string): Buffer | undefined {
  const hash = HASH.test(text) ? Buffer.from(text, 'base64') : undefined;
  return hash?.length === HASH_BYTES ? hash : undefined;
}
