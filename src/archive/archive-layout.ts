import {createHash} from 'node:crypto';
import {AuditError} from '../errors';

/** Longest tenant that is written out in a key; a file name has 255 bytes. */
const MAX_TENANT_BYTES = 180;

/** Percent-encodes (RFC 3986) everything that is not a letter, a digit, `-` or `_`: also dots and `~`. */
function encode(text: string): string {
  if (!text.isWellFormed()) throw new AuditError('INVALID_PARAMETER', 'A name is not well-formed Unicode.');
  return encodeURIComponent(text).replace(
    /[.!~*'()]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * A tenant as a Hive partition (`tenant=acme`), which DuckDB, Trino and Athena read as a column. Two
 * tenants never share one: a tenant too long to be written out is its beginning, `~` and its SHA-256.
 */
function tenantFolder(tenantId: string): string {
  const encoded = encode(tenantId);
  if (encoded.length <= MAX_TENANT_BYTES) return `tenant=${encoded}`;
  const hash = createHash('sha256').update(tenantId).digest('hex');
  const beginning = encoded.slice(0, 60).replace(/%.?$/, '');
  return `tenant=${beginning}~${hash}`;
}

/**
 * Key of an archive file.
 *
 * @param firstActedAt RFC 3339 time in UTC of the earliest entry; its date becomes a folder
 * @param mappingId id of the file's mapping row, which makes the key unique
 */
export const archiveKey = (tenantId: string, firstActedAt: string, mappingId: string): string =>
  `archives/${tenantFolder(tenantId)}/${firstActedAt.slice(0, 10)}/${encode(mappingId)}.csv.gz`;

/** Key of the entries that a background query found. */
export const resultKey = (tenantId: string, jobId: string): string =>
  `results/${tenantFolder(tenantId)}/${encode(jobId)}.ndjson.gz`;

/** Key of an exported file. The file keeps its extension, so that a download has a name to go by. */
export function exportKey(tenantId: string, fileName: string): string {
  const [, name = fileName, extension] = /^(.+)\.([^.]+)$/su.exec(fileName) ?? [];
  const encoded = extension === undefined ? encode(name) : `${encode(name)}.${encode(extension)}`;
  return `exports/${tenantFolder(tenantId)}/${encoded}`;
}

/** Where the checkpoints of a tenant are kept, one object each. */
export const checkpointFolder = (tenantId: string): string => `checkpoints/${tenantFolder(tenantId)}`;

/** Key of the checkpoint of a size; the order of keys is that of sizes. */
export const checkpointKey = (tenantId: string, size: number): string =>
  `${checkpointFolder(tenantId)}/${String(size).padStart(16, '0')}.note`;
