import {HASH_BYTES} from './merkle-hash';
import {
  type NoteSigner,
  type NoteVerdict,
  type NoteVerifier,
  parseNote,
  signNote,
  verifyNote,
} from './signed-note';

/** What a log says of its tree at one moment (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which log: one for every tenant. */
  origin: string;
  size: number;
  root: Buffer;
}

const SIZE = /^(0|[1-9]\d{0,15})$/;
const ROOT = /^[A-Za-z0-9+/]{43}=$/;

/** Signs a checkpoint. @throws TypeError where the origin cannot stand in a note */
export const signCheckpoint = (
  {origin, size, root}: Checkpoint,
  signers: readonly NoteSigner[],
): Promise<string> => signNote(`${origin}\n${size}\n${root.toString('base64')}\n`, signers);

/** A checkpoint that was read, and whether it is signed by a key that is known. */
export interface OpenedCheckpoint extends Checkpoint {
  verdict: NoteVerdict;
}

/** Reads a signed checkpoint; undefined where the text is none. */
export function openCheckpoint(note: string, keys: readonly NoteVerifier[]): OpenedCheckpoint | undefined {
  const parsed = parseNote(note);
  const [origin, size, root] = parsed?.text.split('\n') ?? [];
  if (!parsed || !origin || !SIZE.test(size ?? '') || !ROOT.test(root ?? '')) return undefined;
  const checkpoint = {origin, size: Number(size), root: Buffer.from(root ?? '', 'base64')};
  if (!Number.isSafeInteger(checkpoint.size) || checkpoint.root.length !== HASH_BYTES) return undefined;
  return {...checkpoint, verdict: verifyNote(parsed, keys)};
}
