import type {AuditEntry} from '@loopback-audit/audit-log';
import {AuditError} from '../errors';
import type {EntryPages} from '../export/export-format';

/** What an archive file holds, gathered while it is written. */
export interface ArchiveSummary {
  readonly entries: number;
  /** Times of the earliest and the latest entry, as the entries have them. */
  readonly firstActedAt: string;
  readonly lastActedAt: string;
  /** Lowest and highest leaf index; absent when no entry has one. */
  readonly firstLeaf?: number;
  readonly lastLeaf?: number;
}

/** RFC 3339 times in UTC with fractions of any length sort as text once the `Z` is gone. */
const isBefore = (one: string, other: string): boolean => one.slice(0, -1) < other.slice(0, -1);

/** Passes pages through unchanged and sums them up. */
export class SummarisedPages {
  #entries = 0;
  #firstActedAt: string | undefined;
  #lastActedAt: string | undefined;
  #firstLeaf = Infinity;
  #lastLeaf = -Infinity;

  constructor(private readonly source: EntryPages) {}

  /**
   * The pages; to be read once.
   *
   * @throws AuditError NOTHING_SELECTED at their end, when there was no entry
   */
  async *pages(): AsyncGenerator<readonly AuditEntry[]> {
    for await (const page of this.source) {
      for (const entry of page) this.#add(entry);
      yield page;
    }
    if (this.#entries === 0) {
      throw new AuditError('NOTHING_SELECTED', 'No entry is selected, so there is nothing to archive.');
    }
  }

  /** What the pages held, once they have been read. */
  summary(): ArchiveSummary {
    return {
      entries: this.#entries,
      firstActedAt: this.#firstActedAt ?? '',
      lastActedAt: this.#lastActedAt ?? '',
      ...(this.#lastLeaf >= 0 && {firstLeaf: this.#firstLeaf, lastLeaf: this.#lastLeaf}),
    };
  }

  #add({actedAt, leafIndex}: AuditEntry): void {
    this.#entries++;
    if (this.#firstActedAt === undefined || isBefore(actedAt, this.#firstActedAt))
      this.#firstActedAt = actedAt;
    if (this.#lastActedAt === undefined || isBefore(this.#lastActedAt, actedAt)) this.#lastActedAt = actedAt;
    if (leafIndex === undefined) return;
    this.#firstLeaf = Math.min(this.#firstLeaf, leafIndex);
    this.#lastLeaf = Math.max(this.#lastLeaf, leafIndex);
  }
}
