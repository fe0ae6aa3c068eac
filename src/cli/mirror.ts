import {Command, Option} from 'commander';
import {fetchLog} from '../verification/fetch-log';
import {mirrorLog} from '../verification/mirror';
import {ownTokenFor} from './own-token';
import {progressBar} from './progress-bar';
import {readKeys} from './verify-inputs';

interface Given {
  key: string;
  url: string;
  token?: string;
  out: string;
}

const HELP = `
The folder then has the checkpoint and the tiles of the log as C2SP tlog-tiles lays them out, for
"audit-service verify --tiles". Nothing takes the place of an older checkpoint that does not
continue it; all of them are kept in the file "checkpoints", for "verify --against".

The key must come from whom you trust, and not by the same way as the log.

Example:
  $ audit-service mirror --key keys.txt --url https://audit.example.com --token "$TOKEN" --out mirror/`;

/** `audit-service mirror`: keeps a copy of a log's checkpoints and tiles, so that its past cannot be rewritten unseen. */
export const mirrorCommand = (options: {url: string; token: () => Promise<string | undefined>}): Command =>
  new Command('mirror')
    .description("Fetch the checkpoint and the new tiles of a tenant's log, proved before they are kept.")
    .requiredOption('--key <key or file>', 'public key, or a file of keys')
    .requiredOption('--out <folder>', 'where the log is mirrored')
    .addOption(new Option('--url <url>', 'where the service is').env('AUDIT_URL').default(options.url))
    .addOption(new Option('--token <token>', 'bearer token with the permission ViewAudit').env('AUDIT_TOKEN'))
    .addHelpText('after', HELP)
    .action(async ({key, url, token, out}: Given) => {
      const keys = await readKeys(key);
      const service = url || options.url;
      const fetch = fetchLog(service, token || (await ownTokenFor(service, options.url, options.token)));
      const bar = progressBar(process.stderr, '{bar} {percentage}% | {tiles} tiles', 1, {tiles: 0});
      try {
        const {origin, size, before, tiles} = await mirrorLog({
          ...{fetch, keys, folder: out},
          onProgress: at => bar.update(Math.min(1, at.tiles / at.about), {tiles: at.tiles}),
        });
        const since =
          before === undefined ? 'for the first time' : `and continues the one of ${before} leaves`;
        process.stdout.write(`mirrored: ${origin} has ${size} leaves, ${since}; ${tiles} tiles fetched\n`);
      } finally {
        bar.stop();
      }
    });
