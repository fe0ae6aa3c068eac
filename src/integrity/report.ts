import type {EntryJudge} from './entry-judge';
import type {Finding, FindingKind, Findings, Verdict} from './findings';

/** What the verification of one log has shown. */
export interface LogReport {
  verdict: Verdict;
  /** Which log, as its checkpoint names it; undefined where there is none that can be trusted. */
  origin: string | undefined;
  /** Leaves of the tree that was signed. */
  size: number | undefined;
  /** Entries that were read. */
  entries: number;
  /** Entries that are proved to be leaves of the signed tree, unchanged and in their place. */
  proved: number;
  /** How many of each kind were found. */
  found: Partial<Record<FindingKind, number>>;
  /** The first hundred of each kind. */
  findings: readonly Finding[];
}

/** Sums up what was found. */
export function logReport(
  checkpoint: {origin: string; size: number} | undefined,
  judge: Pick<EntryJudge, 'entries' | 'proved'>,
  findings: Findings,
): LogReport {
  return {
    verdict: findings.verdict,
    origin: checkpoint?.origin,
    size: checkpoint?.size,
    entries: judge.entries,
    proved: judge.proved,
    found: findings.totals(),
    findings: findings.named,
  };
}
