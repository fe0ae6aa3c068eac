import {stat} from 'node:fs/promises';
import type {Writable} from 'node:stream';
import {Command, Option} from 'commander';
import {httpSender} from '../import/http-sender';
import {type ImportProgress, type ImportTotals, importFiles} from '../import/import-files';
import {importPaths} from '../import/import-paths';
import type {ImportKind} from '../import/import-source';
import {IMPORT_SOURCES} from '../import/import-sources';
import {badRecordLine, importSummary} from './import-report';
import {ownTokenFor} from './own-token';
import {type ProgressBar, progressBar} from './progress-bar';

export interface ImportCommandOptions {
  /** Used where neither --url nor AUDIT_URL says where the service is. */
  url?: string;
  /** Used where neither --token nor AUDIT_TOKEN gives a token. */
  token?: () => string | undefined | Promise<string | undefined>;
  output?: Writable;
  /** Of errors, bad records and progress; a progress bar is drawn when it is a terminal. */
  errors?: Writable & {isTTY?: boolean};
}

const DEFAULT_URL = 'http://localhost:3000';

/** An empty AUDIT_URL or AUDIT_TOKEN counts as absent, as every empty setting does. */
interface Given {
  url: string;
  token?: string;
  kind?: ImportKind;
}

const HELP = `
What a file holds is found out from its name and its first bytes:
  ndjson, json, csv   what this service exports
  sourceloop-csv      what @sourceloop/audit-service archives
  cloudtrail          AWS CloudTrail log files
Any of them may be compressed with gzip. A folder stands for the files in it that end in
.json, .ndjson, .jsonl or .csv (or so and .gz), in the order of their names.

Records without an id get one from their file, place and content, so that the same
import may be repeated: what is there already is not stored again. Bad records are
listed with their file and line, and left out.

Examples:
  $ audit-service import cloudtrail-logs/
  $ audit-service import --url https://audit.example.com --token "$TOKEN" audit-logs.ndjson.gz
  $ audit-service import --kind sourceloop-csv audit_logs_2024-05-01.csv

Exit status:
  0  everything was imported, or was there already
  1  some records were bad and the others were imported, or a setting is wrong and nothing was sent
  2  the service could not be reached or refused; importing again goes on from there`;

/** `audit-service import <files...>`: sends the records of files to a running service. */
export function importCommand(options: ImportCommandOptions = {}): Command {
  return new Command('import')
    .description('bring entries from files into the audit trail')
    .argument('<files...>', 'files, or folders of files')
    .addOption(
      new Option('--url <url>', 'where the service is').env('AUDIT_URL').default(options.url ?? DEFAULT_URL),
    )
    .addOption(
      new Option('--token <token>', 'bearer token with the permission CreateAudit').env('AUDIT_TOKEN'),
    )
    .addOption(new Option('--kind <kind>', 'what the files hold').choices(Object.keys(IMPORT_SOURCES)))
    .addHelpText('after', HELP)
    .action(async (paths: string[], given: Given) => {
      process.exitCode = await runImport(paths, given, options);
    });
}

async function runImport(
  paths: readonly string[],
  given: Given,
  options: ImportCommandOptions,
): Promise<number> {
  const {output = process.stdout, errors = process.stderr} = options;
  // A fault of the settings is not one of the import: it ends the command as it ends every other.
  const own = options.url ?? DEFAULT_URL;
  const url = given.url || own;
  const token = given.token || (await ownTokenFor(url, own, async () => options.token?.()));
  let last: ImportProgress | undefined;
  let bar: ProgressBar | undefined;
  try {
    const files = await importPaths(paths);
    const send = httpSender({url, token});
    const drawn = progressBar(errors, BAR_FORMAT, await totalBytes(files), {read: 0, bad: 0});
    bar = drawn;
    const totals = await importFiles(files, {
      send,
      ...(given.kind && {kind: given.kind}),
      onProgress: progress => {
        last = progress;
        drawn.update(progress.bytesRead, {read: progress.read, bad: progress.badCount});
      },
    });
    bar?.stop();
    report(totals, output, errors);
    const nothingSent = totals.stored + totals.alreadyThere === 0;
    return totals.badCount === 0 ? 0 : nothingSent ? 2 : 1;
  } catch (error) {
    bar?.stop();
    if (last) report(last, output, errors);
    errors.write(`The import broke off. ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

const BAR_FORMAT = '{bar} {percentage}% | {read} records | {bad} bad | {eta_formatted} left';

function report(totals: ImportTotals, output: Writable, errors: Writable): void {
  for (const bad of totals.bad) errors.write(`${badRecordLine(bad)}\n`);
  const more = totals.badCount - totals.bad.length;
  if (more > 0) errors.write(`… and ${more} more bad records\n`);
  output.write(`${importSummary(totals)}\n`);
}

async function totalBytes(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async file => (await stat(file)).size));
  return sizes.reduce((total, size) => total + size, 0);
}
