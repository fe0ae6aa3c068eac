import type {AuditEntry, JsonValue} from '@loopback-audit/audit-log';
import {canonicalJson} from './canonical-json';
import {hashLeaf} from './merkle-hash';
import {sha256Text} from './sha256';

/** Properties that may be erased on behalf of the person whom they tell of: the leaf holds a commitment to each. */
export const ERASABLE = [
  'actorEmail',
  'actorName',
  'after',
  'before',
  'description',
  'ip',
  'metadata',
  'reason',
  'userAgent',
] as const satisfies readonly (keyof AuditEntry)[];

export type ErasableProperty = (typeof ERASABLE)[number];

/** Bytes of the salt that hides what the commitments of one entry commit to. */
export const SALT_BYTES = 16;

/** The commitments of an entry, by property, in base64. */
export type Commitments = Partial<Record<ErasableProperty, string>>;

/** Given by the tree, and no part of the leaf. */
const OF_THE_TREE: ReadonlySet<string> = new Set(['leafIndex', 'leafHash', 'salt', 'commitments']);
const ERASABLE_NAMES: ReadonlySet<string> = new Set(ERASABLE);

/** What the leaf holds as it is, beside the commitments, in the order of RFC 8785. */
const PLAIN = [
  'actedAt',
  'actedOn',
  'action',
  'actionGroup',
  'actionKey',
  'actor',
  'actorType',
  'category',
  'changedFields',
  'commitments',
  'dataClassification',
  'dataSubjectId',
  'entityId',
  'entityName',
  'errorCode',
  'id',
  'legalBasis',
  'method',
  'onBehalfOf',
  'outcome',
  'path',
  'recordedAt',
  'relatedEntities',
  'requestId',
  'serviceName',
  'serviceVersion',
  'sessionId',
  'severity',
  'tags',
  'tenantId',
  'traceId',
] as const satisfies readonly (keyof AuditEntry)[];

const KNOWN: ReadonlySet<string> = new Set([...PLAIN, ...ERASABLE, ...OF_THE_TREE]);

/** The salt and what it hides, while a commitment is made. */
const scratch = Buffer.alloc(64 << 10);

/**
 * Binds to a value without telling it: SHA-256 over the salt and the RFC 8785 JSON of property and value. Without
 * the salt nobody can try values out; with salt and value anybody can check.
 */
export function commitment(property: ErasableProperty, value: JsonValue, salt: Uint8Array): string {
  const text = `["${property}",${canonicalJson(value)}]`;
  // A UTF-16 code unit takes up to three bytes of UTF-8.
  const longest = salt.length + 3 * text.length;
  const bytes = longest <= scratch.length ? scratch : Buffer.alloc(longest);
  bytes.set(salt);
  const end = salt.length + bytes.write(text, salt.length);
  return sha256Text(bytes.subarray(0, end), 'base64');
}

/** The commitments of the erasable properties that an entry has. */
export function commitmentsOf(entry: Partial<AuditEntry>, salt: Uint8Array): Commitments {
  const commitments: Commitments = {};
  for (const property of ERASABLE) {
    const value = entry[property];
    if (value !== undefined && value !== null) commitments[property] = commitment(property, value, salt);
  }
  return commitments;
}

/** What a leaf is the hash of: RFC 8785 JSON of the entry, its erasable properties by their commitments. */
export function leafData(entry: Partial<AuditEntry>, commitments: Commitments): string {
  return hasUnknown(entry)
    ? unknownData(entry, commitments)
    : knownData(entry, canonicalJson(commitments as {[name: string]: JsonValue}));
}

function hasUnknown(entry: Partial<AuditEntry>): boolean {
  for (const property in entry) if (!KNOWN.has(property)) return true;
  return false;
}

/** @param commitments as RFC 8785 JSON */
function knownData(entry: Partial<AuditEntry>, commitments: string): string {
  let text = '{';
  for (const property of PLAIN) {
    const value = entry[property];
    if (property === 'commitments') text += `${text === '{' ? '' : ','}"commitments":${commitments}`;
    else if (value !== undefined && value !== null) {
      text += `${text === '{' ? '' : ','}"${property}":${canonicalJson(value as JsonValue)}`;
    }
  }
  return `${text}}`;
}

/** Of an entry with properties that no entry has: they too are bound by the leaf. */
function unknownData(entry: Partial<AuditEntry>, commitments: Commitments): string {
  const kept = Object.entries(entry).filter(
    ([property, value]) =>
      value !== undefined && value !== null && !OF_THE_TREE.has(property) && !ERASABLE_NAMES.has(property),
  );
  return canonicalJson({...Object.fromEntries(kept), commitments} as {[name: string]: JsonValue});
}

/** The leaf hash of an entry (RFC 6962, section 2.1). */
export const leafHash = (entry: Partial<AuditEntry>, commitments: Commitments): Buffer =>
  hashLeaf(leafData(entry, commitments));

/** The leaf hash of an entry whose erasable values a salt hides; the same as by its commitments, and quicker. */
export function saltedLeaf(entry: Partial<AuditEntry>, salt: Uint8Array): Buffer {
  if (hasUnknown(entry)) return leafHash(entry, commitmentsOf(entry, salt));
  let text = '{';
  for (const property of ERASABLE) {
    const value = entry[property];
    if (value === undefined || value === null) continue;
    text += `${text === '{' ? '' : ','}"${property}":"${commitment(property, value, salt)}"`;
  }
  return hashLeaf(knownData(entry, `${text}}`));
}

/**
 * The leaf hash that a stored entry makes: by its salt, or by the commitments that an erasure has left in place of
 * value and salt. Undefined where it can make none, as where an erased value was put back.
 */
export function leafOf(entry: Partial<AuditEntry>): Buffer | undefined {
  try {
    if ((entry.commitments ?? null) !== null) {
      const commitments = keptCommitments(entry);
      return commitments && leafHash(entry, commitments);
    }
    const {salt} = entry;
    return typeof salt === 'string' && SALT.test(salt)
      ? saltedLeaf(entry, Buffer.from(salt, 'hex'))
      : undefined;
  } catch {
    return undefined;
  }
}

const SALT = /^[0-9a-f]{32}$/;

function keptCommitments(entry: Partial<AuditEntry>): Commitments | undefined {
  const isErased = ERASABLE.every(property => entry[property] === undefined || entry[property] === null);
  return isErased && (entry.salt ?? null) === null ? (entry.commitments as Commitments) : undefined;
}
