import {
  type NoteSigner,
  type NoteVerdict,
  type NoteVerifier,
  parseNote,
  signNote,
  verifyNote,
} from './signed-note';
import {parseCount, parseHash} from './text-form';

/** What a log says of its tree at one moment (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which log: one for every tenant. */
  origin: string;
  size: number;
  root: Buffer;
}

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
  const [origin, sizeLine = '', rootLine = ''] = parsed?.text.split('\n') ?? [];
  const [size, root] = [parseCount(sizeLine), parseHash(rootLine)];
  if (!parsed || !origin || size === undefined || !root) return undefined;
  return {origin, size, root, verdict: verifyNote(parsed, keys)};
}
