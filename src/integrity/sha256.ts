import {createHash, hash} from 'node:crypto';

/** SHA-256 (FIPS 180-4), in one call where Node has one. */
export const sha256: (data: Uint8Array | string) => Buffer =
  typeof hash === 'function'
    ? data => hash('sha256', data, 'buffer') as unknown as Buffer
    : data => createHash('sha256').update(data).digest();
