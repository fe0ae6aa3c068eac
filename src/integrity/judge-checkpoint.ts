import {type OpenedCheckpoint, openCheckpoint} from './checkpoint';
import type {Findings} from './findings';
import type {NoteVerifier} from './signed-note';

/** Whose word counts, and of which log it must be. */
export interface CheckpointTrust {
  keys: readonly NoteVerifier[];
  /** The origins of which a checkpoint must name one; undefined where any will do. */
  origins?: readonly string[] | undefined;
}

/** Opens a checkpoint that a trusted key has signed; undefined where it is none, which is then told. */
export function judgeCheckpoint(
  note: string,
  {keys, origins}: CheckpointTrust,
  findings: Findings,
  place: string,
): OpenedCheckpoint | undefined {
  const checkpoint = openCheckpoint(note, keys);
  if (!checkpoint) findings.add({kind: 'unreadable', place, detail: 'this is no checkpoint'});
  else if (checkpoint.verdict !== 'valid') findings.add({kind: checkpoint.verdict, place});
  else if (origins && !origins.includes(checkpoint.origin)) {
    findings.add({
      kind: 'inconsistent checkpoints',
      place,
      detail: `it is of another log, ${checkpoint.origin}`,
    });
  } else return checkpoint;
  return undefined;
}

/** The notes of a text that holds several, one after the other. What is no note is left to whoever opens it. */
export function splitNotes(text: string): string[] {
  const notes: string[] = [];
  let note = '';
  let isSigned = false;
  for (const line of text.split(/(?<=\n)/)) {
    const isSignature = line.startsWith('— ');
    if (isSigned && !isSignature) {
      notes.push(note);
      note = '';
    }
    isSigned = isSignature;
    if (note !== '' || line.trim() !== '') note += line;
  }
  if (note !== '') notes.push(note);
  return notes;
}
