import {createHash} from 'node:crypto';
import {basename} from 'node:path';

/**
 * The id of a record that brings none: a UUID of version 8 (RFC 9562, 5.8) made from the SHA-256 of
 * the file's base name (a trailing `.gz` left aside), the record's place in the file and its content.
 * The same record of the same file gets the same id wherever and whenever it is imported.
 */
export function recordId(file: string, place: number, content: string): string {
  const name = JSON.stringify([basename(file).replace(/\.gz$/i, ''), place, content]);
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
