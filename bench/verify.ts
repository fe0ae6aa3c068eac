import {spawn} from 'node:child_process';
import {generateKeyPairSync} from 'node:crypto';
import {once} from 'node:events';
import {createWriteStream} from 'node:fs';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {signCheckpoint} from '../dist/integrity/checkpoint';
import {leafOf} from '../dist/integrity/leaf';
import {noteSigner, verifierKey} from '../dist/integrity/signed-note';
import {TILE_WIDTH, tilePath} from '../dist/integrity/tile';
import {append, EMPTY_TREE, rootOf} from '../dist/integrity/tree-head';
import type {BenchServer} from './bench-server';
import {markdownTable, verdict} from './table';
import type {VerifyRun} from './verify-run';

/** Entries a second on one core, at least; and MB that the peak for many entries may exceed that for few. */
const [LEAST_RATE, ALLOWED_MB] = [50_000, 64];
const ROUNDS = 3;

/** What verifying an export costs, against reading and parsing the same file and no more; each in a fresh process. */
export async function benchVerify(_server: BenchServer, sizes: readonly number[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-bench-verify-'));
  try {
    const [few = 0, many = 0] = [Math.min(...sizes), Math.max(...sizes)];
    const [small, large] = [
      await makeLog(join(folder, 'few'), few),
      await makeLog(join(folder, 'many'), many),
    ];
    const rows = [];
    const parsing = await best(large, {how: 'parse', cores: 1});
    for (const [name, how, cores] of WAYS) {
      const run = await best(large, {how, cores});
      const more = run.peakMb - (await best(small, {how, cores})).peakMb;
      rows.push([
        name,
        `${count(run.rate)} /s`,
        `${count(run.busyRate)} /s`,
        `${(parsing.busyRate / run.busyRate).toFixed(1)} ×`,
        `${run.peakMb.toFixed(0)} MB`,
        `${more.toFixed(0)} MB`,
        verdict((cores > 1 || run.busyRate >= LEAST_RATE) && more <= ALLOWED_MB),
      ]);
    }
    const head = [
      'verified by',
      'entries',
      'by time of cores',
      'time of parsing',
      `peak at ${count(many)}`,
      `more than at ${count(few)}`,
      `≥ ${count(LEAST_RATE)} /s on a core, ≤ ${ALLOWED_MB} MB`,
    ];
    const title = `## Verifying an export of ${count(many)} entries`;
    const bare = `Reading lines and JSON.parse alone: ${count(parsing.busyRate)} entries a second of a core.`;
    return `${title}\n\n${markdownTable(head, rows)}\n\n${bare}`;
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

const count = (value: number) => Math.round(value).toLocaleString('en');

const WAYS: readonly [name: string, how: VerifyRun['how'], cores: number][] = [
  ['the root, 1 core', 'root', 1],
  ['tiles, 1 core', 'tiles', 1],
  ['tiles, 2 cores', 'tiles', 2],
];

interface Measured {
  /** Entries a second. */
  rate: number;
  /** Entries a second that cores were busy with them: others may use the machine as well. */
  busyRate: number;
  peakMb: number;
}

/** The best rate of a few runs, for others use the machine as well; the highest peak. */
async function best(folder: string, run: Omit<VerifyRun, 'folder'>): Promise<Measured> {
  let measured: Measured = {rate: 0, busyRate: 0, peakMb: 0};
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(
      process.execPath,
      [join(__dirname, 'verify-run.js'), JSON.stringify({folder, ...run})],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    child.stdout.setEncoding('utf8').on('data', part => {
      text += part;
    });
    await once(child, 'close');
    const one = JSON.parse(text) as Measured;
    measured = {
      rate: Math.max(one.rate, measured.rate),
      busyRate: Math.max(one.busyRate, measured.busyRate),
      peakMb: Math.max(one.peakMb, measured.peakMb),
    };
  }
  return measured;
}

const AT_ONCE = 16_384;

/** Writes a sealed log of entries of about 800 bytes: its export, tiles, checkpoint and key. */
async function makeLog(folder: string, size: number): Promise<string> {
  process.stderr.write(`making a log of ${count(size)} entries …\n`);
  await mkdir(folder);
  const file = createWriteStream(join(folder, 'trail.ndjson'));
  let head = EMPTY_TREE;
  const tiles = new Map<number, Buffer[]>();
  for (let from = 0; from < size; from += AT_ONCE) {
    const entries = Array.from({length: Math.min(AT_ONCE, size - from)}, (_, i) => benchEntry(from + i));
    const leaves = entries.map(entry => leafOf(entry) as Buffer);
    const grown = append(head, leaves);
    head = grown.head;
    for (const {level, hashes} of grown.levels) tiles.set(level, [...(tiles.get(level) ?? []), ...hashes]);
    for (const level of [...tiles.keys()]) await writeTiles(folder, level, tiles, false);
    const lines = entries.map(
      (entry, i) => `${JSON.stringify({...entry, leafHash: leaves[i]?.toString('hex')})}\n`,
    );
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  for (const level of [...tiles.keys()]) await writeTiles(folder, level, tiles, true);
  file.end();
  await once(file, 'close');
  const signer = noteSigner('audit.example.com', generateKeyPairSync('ed25519').privateKey);
  const checkpoint = {origin: 'audit.example.com/tenant/acme', size, root: rootOf(head)};
  await writeFile(join(folder, 'checkpoint'), await signCheckpoint(checkpoint, [signer]));
  await writeFile(join(folder, 'key'), verifierKey(signer));
  return folder;
}

const written = new Map<string, number>();

/** Writes the full tiles of a level, and the last one where nothing will follow; the rest waits. */
async function writeTiles(
  folder: string,
  level: number,
  tiles: Map<number, Buffer[]>,
  isLast: boolean,
): Promise<void> {
  const hashes = tiles.get(level) ?? [];
  const key = `${folder}/${level}`;
  while (hashes.length >= TILE_WIDTH || (isLast && hashes.length > 0)) {
    const part = hashes.splice(0, TILE_WIDTH);
    const index = written.get(key) ?? 0;
    written.set(key, index + 1);
    const path = join(folder, tilePath({level, index, width: part.length}));
    await mkdir(dirname(path), {recursive: true});
    await writeFile(path, Buffer.concat(part));
  }
}

const benchEntry = (n: number): AuditEntry => ({
  id: `01890a5d-ac96-774b-bcce-${n.toString(16).padStart(12, '0')}`,
  tenantId: 'acme',
  action: 'order.approve',
  actedAt: '2026-11-22T03:10:59.123456Z',
  recordedAt: '2026-11-22T03:11:00.000001Z',
  actor: `user-${n % 2_000}`,
  actorType: 'user',
  actedOn: 'Order',
  entityId: String((n * 13) % 20_000),
  before: {note: 'before before', status: 'open', total: n % 100_000},
  after: {note: 'Jürgen says: "fine", and so on', status: 'paid', total: n % 100_000},
  changedFields: ['status', 'note'],
  outcome: 'success',
  severity: 'info',
  category: 'data',
  requestId: `a0a3-${n}`,
  ip: `10.${n % 256}.0.1`,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
  method: 'PATCH',
  path: `/orders/${(n * 13) % 20_000}`,
  serviceName: 'orders',
  metadata: {region: 'eu-1', attempt: n % 3},
  leafIndex: n,
  salt: (n * 7_919).toString(16).padStart(32, '0'),
});
