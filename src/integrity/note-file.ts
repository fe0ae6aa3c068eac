import {openCheckpoint} from './checkpoint';

/** A checkpoint in a file of notes, as it stands there. */
export interface FiledNote {
  origin: string;
  size: number;
  note: string;
}

/** Text, an empty line and signature lines, wherever they begin: a writer may have been cut off in front of them. */
const NOTE = /(?:^|\n)([^\n]+\n\d+\n[A-Za-z0-9+/]{43}=\n\n(?:— [^\n]+\n)+)(?=\n)/g;

/** A note as it is filed: an empty line stands in front of it and behind it, so that nothing runs into it. */
export const filed = (note: string): string => `\n${note}\n`;

/** The checkpoints of a file in their order; what is no whole note is passed over. Nothing of it is verified. */
export function notesOf(text: string): FiledNote[] {
  return [...text.matchAll(NOTE)].flatMap(([, note = '']) => {
    const opened = openCheckpoint(note, []);
    return opened ? [{origin: opened.origin, size: opened.size, note}] : [];
  });
}
