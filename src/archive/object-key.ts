import {AuditError} from '../errors';

/** S3's limit of a whole key, and the limit of a file name on the usual file systems; UTF-8 bytes. */
const MAX_KEY_BYTES = 1024;
const MAX_SEGMENT_BYTES = 255;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

function fault(key: string): string | undefined {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  if (!key.isWellFormed()) return 'is not well-formed Unicode';
  if (CONTROL.test(key)) return 'has a control character';
  if (key.includes('\\')) return 'has a backslash';
  if (key.startsWith('.')) return 'begins with a dot, which is kept for the store itself';
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return 'has a relative segment';
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      return `has a segment longer than ${MAX_SEGMENT_BYTES} bytes`;
    }
  }
  return undefined;
}

function refuse(what: 'key' | 'prefix', reason: string): never {
  const message = `The object ${what} ${reason}.`;
  throw new AuditError('INVALID_PARAMETER', message, [{field: what, code: 'INVALID_KEY', message}]);
}

/**
 * Accepts a key that means the same in every store: segments parted by `/`, none of them empty or
 * relative, without backslash or control character, well-formed, at most 1,024 bytes of UTF-8 and 255
 * a segment. A key that begins with a dot belongs to the store.
 *
 * @throws AuditError INVALID_PARAMETER
 */
export function assertObjectKey(key: string): void {
  const reason = fault(key);
  if (reason !== undefined) refuse('key', reason);
}

/** Accepts what a key may begin with: nothing, whole segments, or a part of the last one. */
export function assertKeyPrefix(prefix: string): void {
  if (prefix === '') return;
  const reason = fault(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  if (reason !== undefined) refuse('prefix', reason);
}
