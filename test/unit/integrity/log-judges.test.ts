import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import type {EntryJudge, OlderTree} from '../../../dist/integrity/entry-judge';
import {examineEntry} from '../../../dist/integrity/examine-entry';
import {type FindingKind, Findings} from '../../../dist/integrity/findings';
import {GatheredJudge} from '../../../dist/integrity/gathered-judge';
import type {LeafStore} from '../../../dist/integrity/leaf-store';
import {ProvedTiles} from '../../../dist/integrity/proved-tiles';
import {RunningRoot} from '../../../dist/integrity/running-root';
import {TiledJudge} from '../../../dist/integrity/tiled-judge';
import {type RandomLog, randomLog, seeded, shuffled} from './random-log';

/** Leaves in memory. */
const leafMap = (): LeafStore => {
  const leaves = new Map<number, Buffer>();
  return {
    most: 2 ** 32,
    get: index => leaves.get(index),
    put: (index, leaf) => leaves.set(index, leaf),
    *inOrder(size) {
      for (let index = 0; index < size; index++) yield leaves.get(index);
    },
  };
};

async function tiled(
  log: RandomLog,
  complete: boolean,
  older: OlderTree[] = [],
  beyond: 'tail unknown' | 'inserted' = 'tail unknown',
): Promise<TiledJudge> {
  const findings = new Findings();
  const {root, read} = log;
  const tree = {size: log.head.size, root};
  const tiles = await ProvedTiles.open(tree, read, () => findings.add({kind: 'tree damaged'}));
  return new TiledJudge({tiles, findings, complete, signed: [tree], beyond, older});
}

const gathered = ({head, root}: RandomLog, older: OlderTree[] = []): GatheredJudge =>
  new GatheredJudge({tree: {size: head.size, root}, leaves: leafMap(), findings: new Findings(), older});

async function judged(judge: EntryJudge, entries: readonly object[]): Promise<Findings> {
  for (const entry of entries) await judge.add(examineEntry(JSON.parse(JSON.stringify(entry))));
  await judge.finish();
  return judge.findings;
}

/** Mostly small, now and then across a border of tiles. */
const sizeOf = (random: () => number): number =>
  random() < 0.01 ? 250 + Math.floor(random() * 300) : 1 + Math.floor(random() * 12);

describe('a log that nobody has touched', () => {
  test('is never found at fault, whatever it holds and in whatever order and parts it comes', async () => {
    for (let seed = 0; seed < 10_000; seed++) {
      const random = seeded(seed);
      const log = randomLog(sizeOf(random), random);
      const {size} = log.head;
      const entries = random() < 0.5 ? log.entries : shuffled(log.entries, random);
      const from = Math.floor(random() * (size + 1));
      const older = [{size: from, root: rootOfFirst(log, from)}];
      const judge = seed % 2 === 0 ? await tiled(log, true, older) : gathered(log, older);
      const findings = await judged(judge, entries);
      assert.deepEqual(
        [findings.verdict, findings.named, judge.proved],
        ['proved', [], size],
        `seed ${seed}`,
      );
      if (seed % 4 !== 0) continue;
      const some = entries.filter(() => random() < 0.5);
      const selection = await tiled(log, false);
      const {named} = await judged(selection, some);
      const faults = named.filter(({kind}) => kind !== 'erasure not shown');
      assert.deepEqual([faults, selection.proved], [[], some.length], `selection of seed ${seed}`);
    }
  });
});

/** The root of the first leaves, made from what the entries say of themselves. */
function rootOfFirst({entries}: RandomLog, size: number): Buffer {
  const running = new RunningRoot();
  for (const entry of entries.slice(0, size)) running.push(Buffer.from(entry.leafHash ?? '', 'hex'));
  return running.root;
}

describe('a log that was touched', () => {
  const log = randomLog(600, seeded(7));
  const without = (index: number) => log.entries.toSpliced(index, 1);
  const changed = (index: number, change: object) => log.entries.with(index, {...entry(index), ...change});
  const entry = (index: number): AuditEntry => log.entries[index] as AuditEntry;
  const cases: [name: string, entries: object[], tiled: FindingKind[], gathered: FindingKind[]][] = [
    ['an entry changed', changed(3, {actor: 'mallory'}), ['altered'], ['altered']],
    ['an entry left out', without(3), ['missing'], ['missing']],
    ['an entry twice', [...log.entries, entry(3)], ['duplicated'], ['duplicated']],
    [
      'an entry twice, at two places',
      [...log.entries, {...entry(3), leafIndex: 9}],
      ['duplicated'],
      ['inserted'],
    ],
    ['an entry too many', [...log.entries, {...entry(3), id: 'x', leafIndex: 600}], ['altered'], ['altered']],
    [
      'an entry beyond the tree',
      [...log.entries, {...entry(3), id: 'x', leafIndex: 600, leafHash: undefined}],
      ['tail unknown'],
      ['tail unknown'],
    ],
    ['an entry in place of two', changed(3, {leafIndex: 4}), ['reordered'], ['inserted', 'missing']],
    ['only its own hash wrong', changed(3, {leafHash: '00'.repeat(32)}), ['altered'], ['altered']],
    ['an index that no tree has', changed(3, {leafIndex: 1e308}), ['altered'], ['inserted', 'missing']],
    ['an index in text', changed(3, {leafIndex: '3'}), ['altered'], ['inserted', 'missing']],
    ['a negative index', changed(3, {leafIndex: -1}), ['altered'], ['inserted', 'missing']],
    ['an index beyond safe integers', changed(3, {leafIndex: 2 ** 53}), ['altered'], ['inserted', 'missing']],
    [
      'nothing but rubbish',
      [{}, {leafIndex: 1}, {leafIndex: null, salt: []}],
      ['altered', 'inserted', 'missing'],
      ['altered', 'inserted', 'missing'],
    ],
  ];
  for (const [name, entries, withTiles, without] of cases) {
    test(name, async () => {
      const kinds = (findings: Findings) =>
        Object.keys(findings.totals())
          .filter(kind => kind !== 'erasure not shown')
          .sort();
      assert.deepEqual(kinds(await judged(await tiled(log, true), entries)), withTiles.sort());
      assert.deepEqual(kinds(await judged(gathered(log), entries)), without.sort());
    });
  }

  test('by its root alone tells which entries were changed, where they tell of another leaf than they make', async () => {
    const entries = changed(3, {actor: 'mallory'}).with(500, {...entry(500), actor: 'mallory'});
    const judge = gathered(log);
    const {named} = await judged(judge, entries);
    assert.deepEqual(
      named.map(({leaves}) => leaves),
      [
        [3, 3],
        [500, 500],
      ],
    );
    assert.equal(judge.proved, 598);
  });

  test('by more than can be named is counted exactly', async () => {
    const entries = log.entries.map((each, i) => (i % 2 ? each : {...each, actor: 'mallory'}));
    const findings = await judged(await tiled(log, true), entries);
    assert.equal(findings.count('altered'), 300);
    assert.equal(findings.named.filter(({kind}) => kind === 'altered').length, 100);
  });

  test('an older tree that was never its beginning is told; one that is larger is not shown, but for a whole log', async () => {
    const totals = async (judge: TiledJudge | GatheredJudge) => (await judged(judge, log.entries)).totals();
    const other = {size: 300, root: Buffer.alloc(32, 1)};
    const larger = {size: 601, root: log.root};
    for (const [older, kind] of [
      [other, 'inconsistent checkpoints'],
      [larger, 'history not shown'],
    ] as const) {
      for (const judge of [await tiled(log, true, [older]), gathered(log, [older])])
        assert.deepEqual(await totals(judge), {[kind]: 1});
    }
    const whole = await tiled(log, true, [larger], 'inserted');
    assert.deepEqual(await totals(whole), {'inconsistent checkpoints': 1});
  });
});
