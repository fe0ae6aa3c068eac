import {createHash, hash} from 'node:crypto';

/** SHA-256 (FIPS 180-4) as text. */
export const sha256Text: (data: Uint8Array | string, encoding: 'hex' | 'base64' | 'binary') => string =
  typeof hash === 'function'
    ? (data, encoding) => hash('sha256', data, encoding)
    : (data, encoding) => createHash('sha256').update(data).digest(encoding);

/** SHA-256 (FIPS 180-4). By way of a text, for Node takes four times as long to answer bytes. */
export const sha256 = (data: Uint8Array | string): Buffer =>
  Buffer.from(sha256Text(data, 'binary'), 'latin1');
