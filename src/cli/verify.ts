import {Command, InvalidArgumentError} from 'commander';
import {AuditError} from '../errors';
import {splitNotes} from '../integrity/judge-checkpoint';
import type {LogReport} from '../integrity/report';
import {type EntryVerdict, verifyEntry} from '../integrity/verify-entry';
import {readText} from '../verification/text-file';
import {verifyFiles} from '../verification/verify-files';
import {progressBar} from './progress-bar';
import {verifyDatabase} from './verify-database';
import {readKeys, refuseEntries, sortInputs} from './verify-inputs';
import {reportLines} from './verify-report';

interface Given {
  key: string;
  checkpoint?: string;
  tiles?: string;
  against: string[];
  selection?: true;
  database?: true;
  tenant?: string;
  cores: number;
  json?: true;
}

const HELP = `
Files of entries are what this service exports (NDJSON, CSV) or archives, plain or
compressed with gzip; a folder stands for those in it, - for the standard input. They are
held against a checkpoint, and must hold an entry for each of its leaves, unless they are a
--selection. With --tiles each entry that is at fault is named; "audit-service mirror"
fetches them. Proofs of single entries need nothing but the key.

Examples:
  $ audit-service verify --key keys.txt entry.tlog-proof
  $ audit-service verify --key keys.txt --tiles mirror/ trail.ndjson.gz
  $ audit-service verify --key keys.txt --tiles mirror/ --selection failures.csv
  $ audit-service verify --key keys.txt --checkpoint now.txt --against then.txt archives/
  $ audit-service verify --key keys.txt --database

Exit status:
  0  everything is proved
  1  something is altered, missing or otherwise at fault, or could not be read
  2  nothing is known to be wrong, but something cannot be shown`;

/** `audit-service verify`: holds exports, archives, proofs or the database against what was signed. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description('Verify proofs, exports, archives or the database by public keys alone.')
    .argument('[files...]', 'proofs and files of entries')
    .requiredOption(
      '--key <key or file>',
      'public key, or a file of keys, as GET /audit-logs/keys answers them',
    )
    .option('--checkpoint <file>', 'the signed checkpoint; by default the one in the folder of --tiles')
    .option('--tiles <folder>', 'the tiles of the tree, as C2SP tlog-tiles lays them out')
    .option('--against <file>', 'older checkpoints that the log must continue; may be given again', more, [])
    .option('--selection', 'the files hold some of the entries; it is no fault that others are absent')
    .option('--database', 'verify the database, tenant by tenant')
    .option('--tenant <tenant>', 'of the database, this tenant alone')
    .option('--cores <n>', 'cores to use for NDJSON', cores, 1)
    .option('--json', 'answer one JSON object')
    .addHelpText('after', HELP)
    .action(async (files: string[], given: Given) => {
      const judged = await judge(files, given);
      if (given.json) process.stdout.write(`${JSON.stringify(judged)}\n`);
      else
        process.stdout.write(
          judged.logs
            .flatMap(reportLines)
            .map(line => `${line}\n`)
            .join(''),
        );
      process.exitCode = exitStatus(judged);
    });

const more = (file: string, files: string[]): string[] => [...files, file];

function cores(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  throw new InvalidArgumentError('It must be a whole number from 1 to 256.');
}

interface Judged {
  proofs: {file: string; result: EntryVerdict}[];
  logs: LogReport[];
}

function exitStatus({proofs, logs}: Judged): number {
  const verdicts = [...proofs.map(({result}) => result.verdict), ...logs.map(({verdict}) => verdict)];
  if (verdicts.every(verdict => verdict === 'proved')) return 0;
  return verdicts.every(verdict => verdict === 'proved' || verdict === 'not shown') ? 2 : 1;
}

async function judge(paths: readonly string[], given: Given): Promise<Judged> {
  const keys = await readKeys(given.key);
  if (given.database) {
    const against = await Promise.all(given.against.map(readNotes));
    return {proofs: [], logs: await verifyDatabase({keys, against: against.flat(), tenant: given.tenant})};
  }
  const {proofs, entries, bytes} = await sortInputs(paths);
  if (given.checkpoint === undefined && given.tiles === undefined) await refuseEntries(entries);
  if (proofs.length + entries.length === 0) {
    throw new AuditError('INVALID_PARAMETER', 'There is nothing to verify: give files, or --database.');
  }
  const judged: Judged = {proofs: [], logs: []};
  for (const file of proofs) {
    const result = verifyEntry(await readText(file), keys);
    judged.proofs.push({file, result});
    if (!given.json) process.stdout.write(`${file}: ${told(result)}\n`);
  }
  if (entries.length === 0) return judged;
  const bar = progressBar(process.stderr, BAR_FORMAT, bytes, {entries: 0});
  try {
    const onProgress = (at: {bytesRead: number; entries: number}) =>
      bar.update(at.bytesRead, {entries: at.entries});
    judged.logs.push(await verifyFiles(entries, {...given, keys, onProgress}));
  } finally {
    bar.stop();
  }
  return judged;
}

const BAR_FORMAT = '{bar} {percentage}% | {entries} entries | {eta_formatted} left';

async function readNotes(file: string): Promise<{note: string; place: string}[]> {
  const notes = splitNotes(await readText(file));
  return notes.map((note, i) => ({note, place: notes.length === 1 ? file : `${file}: checkpoint ${i + 1}`}));
}

function told(result: EntryVerdict): string {
  if (result.verdict !== 'proved') return result.verdict;
  const {entry, origin, size, index} = result;
  return `proved: entry ${entry.id} (${entry.action}) is number ${index} of ${size} in ${origin}`;
}
