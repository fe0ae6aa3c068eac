import type {AuditEntry, JsonValue} from '@loopback-audit/audit-log';
import {canonicalJson} from './canonical-json';
import {openCheckpoint} from './checkpoint';
import {parseEntryProof} from './entry-proof';
import {leafOf} from './leaf';
import type {NoteVerifier} from './signed-note';
import {rootFromInclusion} from './verify-proof';

/**
 * What a proof of an entry shows.
 *
 * - `proved`: whoever holds the key has signed a tree that holds exactly this entry at this place.
 * - `altered`: the entry, its place or the path is not what was signed.
 * - `unknown key`, `bad signature`: the checkpoint is signed by nobody who is trusted, or was changed.
 * - `not a proof`: the text is none, or holds no entry.
 */
export type EntryVerdict =
  | {verdict: 'proved'; entry: AuditEntry; origin: string; size: number; index: number}
  | {verdict: 'altered' | 'unknown key' | 'bad signature' | 'not a proof'};

/** Judges a proof, and nothing else: needs no network, no database and no trust in who hands it over. */
export function verifyEntry(text: string, keys: readonly NoteVerifier[]): EntryVerdict {
  const proof = parseEntryProof(text);
  const checkpoint = proof && openCheckpoint(proof.checkpoint, keys);
  const entry = proof?.extra && entryFrom(proof.extra);
  if (!proof || !checkpoint || !entry) return {verdict: 'not a proof'};
  if (checkpoint.verdict !== 'valid') return {verdict: checkpoint.verdict};
  const {origin, size, root} = checkpoint;
  const leaf = leafOf(entry);
  const proved = leaf && rootFromInclusion(proof.index, size, leaf, proof.path);
  const receipt = {leafIndex: proof.index, leafHash: leaf?.toString('hex')};
  const isSame = proved?.equals(root) && isTold(entry, receipt);
  return isSame ? {verdict: 'proved', entry, origin, size, index: proof.index} : {verdict: 'altered'};
}

/** Whether an entry tells of its own place and leaf what is true, where it tells of them. */
const isTold = (
  entry: AuditEntry,
  {leafIndex, leafHash: hash}: {leafIndex: number; leafHash: string | undefined},
) => (entry.leafIndex ?? leafIndex) === leafIndex && (entry.leafHash ?? hash) === hash;

/** The entry in RFC 8785 JSON, in which a text has one meaning: no name twice, no number that readers round. */
function entryFrom(extra: Buffer): AuditEntry | undefined {
  try {
    const value = JSON.parse(extra.toString()) as JsonValue;
    const isEntry = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isEntry || !Buffer.from(canonicalJson(value)).equals(extra)) return undefined;
    return value as unknown as AuditEntry;
  } catch {
    return undefined;
  }
}
