import type {ExaminedEntry} from './examine-entry';
import type {Findings} from './findings';

/** An older tree, which the one that is verified must begin with. */
export interface OlderTree {
  size: number;
  root: Buffer;
  /** Where it was read. */
  place?: string | undefined;
}

/** Holds the entries of one log against its tree. */
export interface EntryJudge {
  /** Takes the next entry; answers a promise only where there is something to wait for. */
  add(entry: ExaminedEntry): Promise<void> | undefined;
  /** Tells what can be told only when every entry has been seen. Nothing is added after that. */
  finish(): Promise<void>;
  readonly findings: Findings;
  /** Entries that were taken. */
  readonly entries: number;
  /** Leaves that are proved to be those of entries that were taken. Final after {@link finish}. */
  readonly proved: number;
}

/** What is named of an entry. */
export const named = ({id, place}: ExaminedEntry) => ({entry: id, place});

/**
 * Tells of older trees that are not the beginning of one of `newest` leaves. `rootAt` answers the root of its first
 * leaves, or nothing where that cannot be known.
 *
 * @param larger what it is where one has more leaves: entries that came after an export are in it, and what they say is
 * elsewhere; of a log that is all there is it was the end
 */
export async function judgeOlder(
  older: readonly OlderTree[],
  newest: number,
  rootAt: (size: number) => Promise<Buffer | undefined> | Buffer | undefined,
  findings: Findings,
  larger: 'history not shown' | 'inconsistent checkpoints',
): Promise<void> {
  for (const {size, root, place} of older) {
    const made = size <= newest ? await rootAt(size) : undefined;
    if (made?.equals(root)) continue;
    if (!made && size <= newest) {
      findings.add({kind: 'history not shown', place, detail: `not all of its ${size} leaves are known`});
      continue;
    }
    if (made) {
      const detail = `the first ${size} leaves are not those that were signed`;
      findings.add({kind: 'inconsistent checkpoints', place, detail});
      continue;
    }
    const hint = larger === 'history not shown' ? ': hold the entries against a later checkpoint' : '';
    const detail = `it was signed for ${size} leaves, and the tree has ${newest}${hint}`;
    findings.add({kind: larger, place, detail});
  }
}
