import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {AuditError} from '../errors';
import {openCheckpoint} from '../integrity/checkpoint';
import type {EntryJudge, OlderTree} from '../integrity/entry-judge';
import {Findings} from '../integrity/findings';
import {GatheredJudge} from '../integrity/gathered-judge';
import {type CheckpointTrust, judgeCheckpoint, splitNotes} from '../integrity/judge-checkpoint';
import {ProvedTiles} from '../integrity/proved-tiles';
import {type LogReport, logReport} from '../integrity/report';
import type {NoteVerifier} from '../integrity/signed-note';
import {TiledJudge, tileDamage} from '../integrity/tiled-judge';
import {BlockPool} from './block-pool';
import {examineFile, openEntries, STDIN, unreadable} from './entry-file';
import {LeafFile} from './leaf-file';
import {readText} from './text-file';
import {tileFolder} from './tile-folder';

export interface VerifyFilesOptions {
  keys: readonly NoteVerifier[];
  /** A folder of tiles in the layout of C2SP tlog-tiles. */
  tiles?: string | undefined;
  /** A file with the signed checkpoint; by default the one in the folder of tiles. */
  checkpoint?: string | undefined;
  /** Files with older checkpoints, which the log must continue. */
  against?: readonly string[] | undefined;
  /** The files hold some of the entries; it is no fault that others are absent. Needs tiles. */
  selection?: boolean | undefined;
  /** Cores to use for NDJSON; 1 by default. */
  cores?: number | undefined;
  /** Is told of the bytes of the files that were read, before unzipping. */
  onProgress?: ((progress: {bytesRead: number; entries: number}) => void) | undefined;
}

/**
 * Verifies the files of one log against its signed checkpoint. Memory is flat in the number of entries: what is kept
 * of each is a bit, and without tiles its hash in a temporary file.
 *
 * @throws AuditError INVALID_PARAMETER where the options do not go together, INVALID_FILE where a checkpoint cannot
 * be read; what is wrong with the entries is in the report
 */
export async function verifyFiles(files: readonly string[], options: VerifyFilesOptions): Promise<LogReport> {
  const findings = new Findings();
  const {checkpoint, older} = await readCheckpoints(options, findings);
  if (!checkpoint) return logReport(undefined, {entries: 0, proved: 0}, findings);
  const leaves = options.tiles === undefined ? new LeafFile() : undefined;
  const pool = new BlockPool(options.cores ?? 1);
  try {
    const judge = leaves
      ? new GatheredJudge({tree: checkpoint, leaves, findings, older})
      : await tiledJudge(checkpoint, options, findings, older);
    await readFiles(files, judge, pool, options);
    await judge.finish();
    return logReport(checkpoint, judge, findings);
  } finally {
    leaves?.close();
    await pool.close();
  }
}

async function readCheckpoints(options: VerifyFilesOptions, findings: Findings) {
  const {keys, tiles, against = [], selection} = options;
  const path = options.checkpoint ?? (tiles === undefined ? undefined : join(tiles, 'checkpoint'));
  if (path === undefined)
    throw optionFault('checkpoint', 'is missing: entries are held against a checkpoint');
  if (selection && tiles === undefined)
    throw optionFault('tiles', 'is missing: a selection is held against tiles');
  const checkpoint = judgeCheckpoint(await readText(path), {keys}, findings, path);
  const trust: CheckpointTrust = {keys, ...(checkpoint && {origins: [checkpoint.origin]})};
  const older: OlderTree[] = [];
  for (const file of against) {
    const notes = splitNotes(await readText(file));
    const others = ofOtherLogs(notes, checkpoint?.origin);
    if (notes.length === 0) findings.add(unreadable(file, 'it holds no checkpoint'));
    for (const [i, note] of notes.entries()) {
      if (others.has(note)) continue;
      const place = notes.length === 1 ? file : `${file}: checkpoint ${i + 1}`;
      const opened = judgeCheckpoint(note, trust, findings, place);
      if (opened) older.push({size: opened.size, root: opened.root, place});
    }
  }
  return {checkpoint, older};
}

/** Of a file that holds the checkpoints of many logs, those of others; none where none is of the log itself. */
function ofOtherLogs(notes: readonly string[], origin: string | undefined): Set<string> {
  const origins = notes.map(note => openCheckpoint(note, [])?.origin);
  if (!origins.includes(origin)) return new Set();
  return new Set(notes.filter((_, i) => origins[i] !== undefined && origins[i] !== origin));
}

const optionFault = (field: string, message: string): AuditError =>
  new AuditError('INVALID_PARAMETER', `--${field} ${message}.`, [{field, code: 'MISSING', message}]);

async function tiledJudge(
  {size, root}: {size: number; root: Buffer},
  {tiles = '', selection}: VerifyFilesOptions,
  findings: Findings,
  older: readonly OlderTree[],
): Promise<TiledJudge> {
  const proved = await ProvedTiles.open({size, root}, tileFolder(tiles), tile =>
    findings.add(tileDamage(tile)),
  );
  const complete = selection !== true;
  return new TiledJudge({
    tiles: proved,
    findings,
    complete,
    signed: [{size, root}],
    beyond: 'tail unknown',
    older,
  });
}

async function readFiles(
  files: readonly string[],
  judge: EntryJudge,
  pool: BlockPool,
  {onProgress}: VerifyFilesOptions,
): Promise<void> {
  let bytesRead = 0;
  const onRead = (bytes: number) => {
    bytesRead += bytes;
    onProgress?.({bytesRead, entries: judge.entries});
  };
  for (const path of files) {
    try {
      if (path !== STDIN && (await stat(path)).isDirectory()) throw new Error('it is a folder');
      const input = await openEntries(path, onRead);
      for await (const {entries, findings} of examineFile(path, input, pool)) {
        for (const finding of findings) judge.findings.add(finding);
        for (const entry of entries) {
          const waiting = judge.add(entry);
          if (waiting) await waiting;
        }
      }
    } catch (error) {
      judge.findings.add(unreadable(path, error));
    }
  }
}
