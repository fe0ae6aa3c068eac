import {type Cosignature, cosignaturesOf} from '../integrity/cosignature';
import type {NoteVerifier} from '../integrity/signed-note';
import {parseCount} from '../integrity/text-form';

/** A witness, and the keys by which it may cosign. */
export interface WitnessAddress {
  /** What its `add-checkpoint` stands below. */
  url: string;
  keys: readonly NoteVerifier[];
  /** Longest time of a request, in milliseconds. */
  timeoutMs: number;
}

/** What a witness says to a checkpoint. */
export type WitnessAnswer =
  | {kind: 'cosigned'; cosignatures: Cosignature[]}
  /** It has cosigned another size before, and wants the proof from there. */
  | {kind: 'elsewhere'; size: number}
  | {kind: 'refused'; reason: string};

const MAX_ANSWER_BYTES = 64 << 10;

/**
 * Asks a witness to cosign a checkpoint (C2SP tlog-witness, add-checkpoint).
 *
 * @param from the size that the witness has cosigned last
 * @param proof that the tree of the checkpoint continues the one of that size
 * @throws whatever keeps the witness from answering: no connection, a timeout, an answer without end
 */
export async function addCheckpoint(
  {url, keys, timeoutMs}: WitnessAddress,
  note: string,
  from: number,
  proof: readonly Buffer[],
): Promise<WitnessAnswer> {
  const lines = [`old ${from}`, ...proof.map(hash => hash.toString('base64'))];
  const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
    method: 'POST',
    body: `${lines.join('\n')}\n\n${note}`,
    headers: {'content-type': 'text/plain; charset=utf-8'},
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await shortText(response);
  if (response.status === 409) {
    const size = parseCount(text.trim());
    if (size !== undefined && size !== from) return {kind: 'elsewhere', size};
  }
  if (response.status !== 200) return {kind: 'refused', reason: `HTTP ${response.status}`};
  const cosignatures = cosignaturesOf(unsignedNote(note) + text, keys);
  return cosignatures.length > 0
    ? {kind: 'cosigned', cosignatures}
    : {kind: 'refused', reason: 'no cosignature by a key of WITNESS_KEY'};
}

/** The text of a note and the empty line after it, to which signature lines may be added. */
const unsignedNote = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 2);

async function shortText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('The answer of the witness is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
