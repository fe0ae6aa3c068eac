import {type EntryJudge, judgeOlder, named, type OlderTree} from './entry-judge';
import {Erasures} from './erasures';
import type {ExaminedEntry} from './examine-entry';
import {Findings} from './findings';
import {IndexSet} from './index-set';
import type {LeafStore} from './leaf-store';
import {HASH_BYTES} from './merkle-hash';
import {RunningRoot} from './running-root';

export interface GatheredJudgeOptions {
  tree: {size: number; root: Buffer};
  leaves: LeafStore;
  findings: Findings;
  older: readonly OlderTree[];
}

/** Entries at fault that are kept until the root tells what is wrong with them. */
const KEPT = 20_000;

/** Holds all entries of a log together against its root: without tiles, a whole tree can be proved, and only that. */
export class GatheredJudge implements EntryJudge {
  entries = 0;
  proved = 0;
  readonly findings: Findings;
  private readonly met = new IndexSet();
  private readonly erasures = new Erasures();
  /** Entries that make another leaf than they tell of; the store has what they tell. */
  private readonly doubtful: ExaminedEntry[] = [];
  private doubts = 0;
  private readonly roots = new Map<number, Buffer>();

  constructor(private readonly options: GatheredJudgeOptions) {
    this.findings = options.findings;
  }

  add(entry: ExaminedEntry): undefined {
    this.entries++;
    const {index, leaf, told, field} = entry;
    const {tree, leaves} = this.options;
    if (index === undefined) {
      this.findings.add({
        kind: 'inserted',
        ...named(entry),
        field: 'leafIndex',
        detail: 'it gives no leaf index',
      });
      return;
    }
    const at = {...named(entry), leaves: [index, index]} as const;
    if (index >= Math.min(tree.size, leaves.most)) {
      this.findings.add({kind: leaf && !told ? 'tail unknown' : 'altered', ...at, field});
      return;
    }
    if (!this.met.add(index)) {
      const isSame = leaf && leaves.get(index)?.equals(leaf);
      const detail = isSame ? undefined : 'another entry gives the same leaf';
      this.findings.add({kind: isSame ? 'duplicated' : 'inserted', ...at, detail});
      return;
    }
    const kept = told ?? leaf;
    if (kept?.length === HASH_BYTES) leaves.put(index, kept);
    if (!leaf || told) this.doubt(entry);
    if (entry.erased) this.erasures.met(index);
    if (entry.erases) this.erasures.record(index, entry.erases);
  }

  async finish(): Promise<void> {
    const {tree, older} = this.options;
    let missing = 0;
    for (const leaves of this.met.gaps(tree.size)) {
      const count = leaves[1] - leaves[0] + 1;
      missing += count;
      this.findings.add({kind: 'missing', leaves}, count);
    }
    if (missing > 0) this.judgeDoubtful('altered');
    else this.judgeWhole();
    this.erasures.judge(this.findings, missing === 0);
    await judgeOlder(older, tree.size, size => this.roots.get(size), this.findings, 'history not shown');
  }

  private doubt(entry: ExaminedEntry): void {
    this.doubts++;
    if (this.doubtful.length < KEPT) this.doubtful.push(entry);
    else this.findings.add(contentAltered(entry));
  }

  private judgeWhole(): void {
    const {tree, leaves} = this.options;
    if (this.makesRoot()) {
      this.judgeDoubtful('altered');
      this.proved = tree.size - this.doubts;
      return;
    }
    // The entries may be right, and only the hashes that they give wrong.
    for (const {index = 0, leaf} of this.doubtful) if (leaf) leaves.put(index, leaf);
    if (this.doubtful.length > 0 && this.makesRoot()) {
      this.judgeDoubtful('leafHash');
      this.proved = tree.size - this.doubts;
      return;
    }
    this.judgeDoubtful('altered');
    const detail = 'the entries do not make the root of the tree; its tiles would name the ones at fault';
    this.findings.add({kind: 'altered', detail});
  }

  private judgeDoubtful(what: 'altered' | 'leafHash'): void {
    for (const entry of this.doubtful) {
      this.findings.add(
        what === 'leafHash' ? {...contentAltered(entry), field: what} : contentAltered(entry),
      );
    }
  }

  /** Whether what was gathered makes the root of the tree; keeps the roots of older trees. */
  private makesRoot(): boolean {
    const {tree, leaves, older} = this.options;
    const sizes = new Set(older.map(({size}) => size));
    const running = new RunningRoot();
    const mark = () => {
      if (sizes.has(running.size)) this.roots.set(running.size, running.root);
    };
    mark();
    for (const leaf of leaves.inOrder(tree.size)) {
      if (!leaf) return false;
      running.push(leaf);
      mark();
    }
    return running.root.equals(tree.root);
  }
}

const contentAltered = (entry: ExaminedEntry) => {
  const {index = 0, field} = entry;
  return {kind: 'altered', ...named(entry), field, leaves: [index, index]} as const;
};
