/**
 * What can be found when a log is verified.
 *
 * - `altered`: an entry is not what was sealed; `missing`: a leaf has no entry; `inserted`: an entry has no leaf;
 *   `reordered`: an entry has another leaf than it says; `duplicated`: a leaf has more than one entry.
 * - `erased without record`: values of an entry are gone, and no later entry of the log says that they were erased.
 * - `bad signature`, `unknown key`: a checkpoint was changed, or is signed by nobody who is trusted.
 * - `inconsistent checkpoints`: one tree does not continue the other, or they are of different logs.
 * - `tree damaged`: tiles or head do not make the root of the tree.
 * - `unreadable`: a file or a record could not be read.
 * - `tail unknown`: entries come after the newest checkpoint; `erasure not shown`: the record of it may be among the
 *   entries that were not given; `content not shown`: of archived entries the hash alone was given, and what they say
 *   is in the archive files; `history not shown`: hashes are lacking to hold an older checkpoint against. None of
 *   these is a fault: something cannot be shown, and no more.
 */
export const FINDING_KINDS = [
  'altered',
  'missing',
  'inserted',
  'reordered',
  'duplicated',
  'erased without record',
  'bad signature',
  'unknown key',
  'inconsistent checkpoints',
  'tree damaged',
  'unreadable',
  'tail unknown',
  'erasure not shown',
  'content not shown',
  'history not shown',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

const NOT_SHOWN: ReadonlySet<FindingKind> = new Set([
  'tail unknown',
  'erasure not shown',
  'content not shown',
  'history not shown',
]);

/** Leaves from the first up to and with the last. */
export type LeafRange = readonly [first: number, last: number];

/** One thing that was found, as far as it can be told. */
export interface Finding {
  kind: FindingKind;
  /** The id of the entry. */
  entry?: string | undefined;
  /** The property that shows it. */
  field?: string | undefined;
  /** The leaves of the tree that are concerned. */
  leaves?: LeafRange | undefined;
  /** Where it was read, such as `trail.ndjson:17`. */
  place?: string | undefined;
  detail?: string | undefined;
}

/** Findings of a kind that are named; the rest of them are counted. */
const NAMED = 100;

/** Counts all that is found, and names the first hundred of each kind. */
export class Findings {
  readonly named: Finding[] = [];
  private readonly counts = new Map<FindingKind, number>();
  private readonly names = new Map<FindingKind, number>();

  /** @param count how many entries or leaves the finding stands for */
  add(finding: Finding, count = 1): void {
    const {kind} = finding;
    this.counts.set(kind, this.count(kind) + count);
    const named = (this.names.get(kind) ?? 0) + 1;
    this.names.set(kind, named);
    if (named <= NAMED) this.named.push(finding);
  }

  count(kind: FindingKind): number {
    return this.counts.get(kind) ?? 0;
  }

  /** How many of each kind, without those of which there are none, in the order of {@link FINDING_KINDS}. */
  totals(): Partial<Record<FindingKind, number>> {
    const met = FINDING_KINDS.filter(kind => this.counts.has(kind));
    return Object.fromEntries(met.map(kind => [kind, this.count(kind)]));
  }

  get verdict(): Verdict {
    const kinds = [...this.counts.keys()];
    if (kinds.some(kind => !NOT_SHOWN.has(kind))) return 'faulty';
    return kinds.length > 0 ? 'not shown' : 'proved';
  }
}

/**
 * - `proved`: everything is as it was sealed, and a key that is trusted has signed it.
 * - `faulty`: something is not.
 * - `not shown`: nothing is known to be wrong, but something cannot be shown.
 */
export type Verdict = 'proved' | 'faulty' | 'not shown';
