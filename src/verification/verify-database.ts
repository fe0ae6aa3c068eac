import {ArchiveCover} from '../integrity/archive-cover';
import type {OlderTree} from '../integrity/entry-judge';
import {examineEntry} from '../integrity/examine-entry';
import {Findings} from '../integrity/findings';
import {judgeCheckpoint} from '../integrity/judge-checkpoint';
import {originOf} from '../integrity/log-signer';
import {ambiguity} from '../integrity/one-reading';
import type {ProvedTiles} from '../integrity/proved-tiles';
import {type LogReport, logReport} from '../integrity/report';
import type {NoteVerifier} from '../integrity/signed-note';
import {hashesAt, TILE_WIDTH} from '../integrity/tile';
import {LACKING, TiledJudge} from '../integrity/tiled-judge';
import type {Database} from '../repositories/database';
import {type StoredEntry, StoredLog} from '../repositories/stored-log';
import {anchoredTiles} from './anchored-tiles';

export interface VerifyDatabaseOptions {
  keys: readonly NoteVerifier[];
  /** Older checkpoints, signed notes of which this log must continue those that are its own. */
  against?: readonly {note: string; place: string}[] | undefined;
  onProgress?: ((progress: {entries: number}) => void) | undefined;
}

/** The origins that the log of a tenant may have, which is named by the key that signs it. */
export const originsOf = (keys: readonly NoteVerifier[], tenantId: string): string[] =>
  keys.map(({name}) => originOf({origin: name}, tenantId));

/**
 * Verifies the log of one tenant as the database keeps it, in one snapshot: entries, the hashes of archived ones,
 * head, tiles and checkpoints.
 *
 * @throws AuditError DATABASE_UNAVAILABLE
 */
export const verifyStoredLog = (
  database: Database,
  tenantId: string,
  options: VerifyDatabaseOptions,
): Promise<LogReport> =>
  database.transaction({role: 'audit_reader', tenantId, repeatable: true, background: true}, session =>
    verifyLog(new StoredLog(session, tenantId), options),
  );

async function verifyLog(
  log: StoredLog,
  {keys, against = [], onProgress}: VerifyDatabaseOptions,
): Promise<LogReport> {
  const findings = new Findings();
  const trust = {keys, origins: originsOf(keys, log.tenantId)};
  const stored: OlderTree[] = [];
  for await (const page of log.checkpoints()) {
    for (const {size, note} of page) {
      const place = `checkpoint ${size}`;
      const opened = judgeCheckpoint(note, trust, findings, place);
      if (opened && opened.size !== size) {
        const detail = `it was signed for ${opened.size} leaves`;
        findings.add({kind: 'inconsistent checkpoints', place, detail});
      } else if (opened) stored.push({...opened, place});
    }
  }
  const kept = against.flatMap(({note, place}): OlderTree[] => {
    const opened = judgeCheckpoint(note, trust, findings, place);
    return opened ? [{size: opened.size, root: opened.root, place}] : [];
  });
  const tiles = await anchoredTiles(log, stored, findings);
  const judge = new TiledJudge({
    ...{tiles, findings, signed: stored, complete: true, beyond: 'inserted'},
    older: [...stored, ...kept],
  });
  await judgeEntries(log, judge, onProgress);
  await judge.finish();
  await judgeTiles(log, tiles, findings);
  if (tiles.tree.size === 0 && judge.entries === 0 && stored.length + kept.length === 0) {
    findings.add({
      kind: 'history not shown',
      detail: 'nothing is stored of this tenant, and nothing was signed',
    });
  }
  return logReport({origin: trust.origins[0] ?? '', size: tiles.tree.size}, judge, findings);
}

/** Digits that a double holds to the last one, whichever they are (IEEE 754), with a point among them. */
const LONG_NUMBER = /[\d.]{16}/;

/** The property in which an entry says something else than a reader of its JSON is told. */
function misread({json}: StoredEntry): string | undefined {
  return json.find(([, text]) => text === 'null' || (LONG_NUMBER.test(text) && ambiguity(text)))?.[0];
}

async function judgeEntries(
  log: StoredLog,
  judge: TiledJudge,
  onProgress: VerifyDatabaseOptions['onProgress'],
): Promise<void> {
  for await (const page of log.entries()) {
    for (const stored of page) {
      const examined = examineEntry(stored.entry);
      const field = misread(stored);
      await judge.add(field === undefined ? examined : {...examined, leaf: undefined, field});
    }
    onProgress?.({entries: judge.entries});
  }
  const cover = new ArchiveCover(await log.archives());
  for await (const page of log.archived()) {
    for (const {id, leafIndex: index, leafHash: leaf} of page) {
      const sealed = index !== undefined && !cover.take(index) ? 'nowhere' : 'archived';
      await judge.add({id, index, leaf, erased: false, sealed, place: 'archived'});
    }
    onProgress?.({entries: judge.entries});
  }
}

/** That every tile is that of the tree, also where no entry has asked for it, and that there are no others. */
async function judgeTiles(log: StoredLog, tiles: ProvedTiles, findings: Findings): Promise<void> {
  const {size} = tiles.tree;
  const levels = new Map((await log.levels()).map(level => [level.level, level]));
  let level = 0;
  for (; hashesAt(level, size) > 0; level++) {
    const hashes = hashesAt(level, size);
    for (let index = 0, lacking = 0; index * TILE_WIDTH < hashes && lacking < LACKING; index++) {
      if (!(await tiles.tile({level, index}))) lacking++;
    }
    if (levels.get(level)?.hashes !== hashes) {
      const detail = `level ${level} holds ${levels.get(level)?.hashes ?? 0} hashes, and the tree has ${hashes}`;
      findings.add({kind: 'tree damaged', detail});
    }
    levels.delete(level);
  }
  for (const rest of levels.keys()) {
    findings.add({kind: 'tree damaged', detail: `level ${rest} holds hashes, and the tree has none there`});
  }
}
