import {verify} from 'node:crypto';
import {type NoteVerifier, parseKeyOf, parseNote, type SignedNote} from './signed-note';

/** How a cosigner's key says that it cosigns by Ed25519 (C2SP tlog-cosignature). */
const COSIGNATURE = 4;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** Reads the public key of a witness from its line. @throws TypeError where it is none */
export const parseWitnessKey = (line: string): NoteVerifier => parseKeyOf(COSIGNATURE, line);

/** That a witness has seen the tree of a checkpoint, and none of the log that is at odds with it. */
export interface Cosignature {
  name: string;
  /** The line of the note. */
  line: string;
  /** When it was given. */
  time: Date;
}

/** The cosignatures of a note that are of these witnesses, and right. Others are passed over. */
export function cosignaturesOf(note: string, witnesses: readonly NoteVerifier[]): Cosignature[] {
  const parsed = parseNote(note);
  return (parsed?.signatures ?? []).flatMap(({name, keyId, signature}) => {
    const witness = witnesses.find(known => known.name === name && known.keyId.equals(keyId));
    const time = witness && timeOf(parsed as SignedNote, signature, witness);
    if (time === undefined) return [];
    const line = `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
    return [{name, line, time}];
  });
}

/** The time of an Ed25519 cosignature (C2SP tlog-cosignature); undefined where it is wrong. */
function timeOf({text}: SignedNote, signature: Buffer, witness: NoteVerifier): Date | undefined {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const time = signature.readBigUInt64BE();
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
  const isRight = verify(null, message, witness.publicKey, signature.subarray(TIME_BYTES));
  return isRight && time < 8_640_000_000_000n ? new Date(Number(time) * 1_000) : undefined;
}
