import type {OlderTree} from '../integrity/entry-judge';
import type {Findings} from '../integrity/findings';
import {ProvedTiles} from '../integrity/proved-tiles';
import type {TileSpan} from '../integrity/tile';
import {tileDamage} from '../integrity/tiled-judge';
import {isWhole, rootOf, type TreeHead} from '../integrity/tree-head';
import type {StoredLog} from '../repositories/stored-log';

/**
 * Finds the tree that a database keeps. What it consists of (head, tiles, entries) may contradict each other: the size
 * is the one that two of the three agree on, the root the one that a checkpoint or the head names and the tiles make.
 *
 * @param checkpoints those that a trusted key has signed, the smallest first
 */
export async function anchoredTiles(
  log: StoredLog,
  checkpoints: readonly OlderTree[],
  findings: Findings,
): Promise<ProvedTiles> {
  const head = await log.head();
  const levels = await log.levels();
  const newest = checkpoints.at(-1);
  const sizes = [head.size, levels.find(({level}) => level === 0)?.end ?? 0, await log.end()];
  const size = Math.max(newest?.size ?? 0, sizes.sort((a, b) => a - b)[1] ?? 0);
  const tiles = await openTree(log, size, head, newest, findings);
  await judgeHead(head, tiles, findings);
  return tiles;
}

async function openTree(
  log: StoredLog,
  size: number,
  head: TreeHead,
  newest: OlderTree | undefined,
  findings: Findings,
): Promise<ProvedTiles> {
  const named = [
    ...(newest?.size === size ? [newest.root] : []),
    ...(head.size === size && isWhole(head) ? [rootOf(head)] : []),
  ];
  // Where a checkpoint vouches for a part of them, tiles may do without a root of their own.
  const roots = named.length === 0 || newest ? [...named, undefined] : named;
  let chosen: {tiles: ProvedTiles; damage: Damage} | undefined;
  for (const root of roots) {
    const damage = new Damage();
    const tiles = await ProvedTiles.open({size, root}, spans => log.tiles(spans), damage.tell);
    const agrees = !newest || (await tiles.rootAt(newest.size))?.equals(newest.root);
    const isBetter = tiles.isAnchored && (agrees || (root !== undefined && !chosen?.tiles.isAnchored));
    if (!chosen || isBetter) chosen = {tiles, damage};
    if (tiles.isAnchored && agrees) break;
  }
  if (!chosen) throw new RangeError('There is no root to try.');
  chosen.damage.pass(span => findings.add(tileDamage(span)));
  return chosen.tiles;
}

/** Damage that is told once it is known which root was meant. */
class Damage {
  private readonly kept: TileSpan[] = [];
  private next: ((span: TileSpan) => void) | undefined;

  readonly tell = (span: TileSpan): void => {
    if (this.next) this.next(span);
    else this.kept.push(span);
  };

  pass(next: (span: TileSpan) => void): void {
    for (const span of this.kept) next(span);
    this.next = next;
  }
}

async function judgeHead(head: TreeHead, tiles: ProvedTiles, findings: Findings): Promise<void> {
  const {size} = tiles.tree;
  const problem =
    head.size !== size
      ? `the head has ${head.size} leaves, and the tree ${size}`
      : tiles.isAnchored && !(isWhole(head) && (await tiles.rootAt(size))?.equals(rootOf(head)))
        ? 'the head has another root than the tree'
        : undefined;
  if (problem) findings.add({kind: 'tree damaged', detail: problem});
}
