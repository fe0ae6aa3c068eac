import {readFile} from 'node:fs/promises';
import {Command} from 'commander';
import {AuditError} from '../errors';
import {type NoteVerifier, parseVerifierKey} from '../integrity/signed-note';
import {type EntryVerdict, verifyEntry} from '../integrity/verify-entry';

/** Checks proofs offline. Ends with status 0 only where every one of them proves its entry. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description('Check proofs of entries, without the service: by its public key alone.')
    .argument('<proof...>', 'files as GET /audit-logs/{id}/proof?format=text answers them')
    .requiredOption(
      '--key <key or file>',
      'public key, or a file of keys, as GET /audit-logs/keys answers them',
    )
    .action(async (files: string[], {key}: {key: string}) => {
      const keys = await readKeys(key);
      let isProved = true;
      for (const file of files) {
        const result = verifyEntry(await readText(file), keys);
        process.stdout.write(`${file}: ${told(result)}\n`);
        isProved &&= result.verdict === 'proved';
      }
      if (!isProved) process.exitCode = 1;
    });

function told(result: EntryVerdict): string {
  if (result.verdict !== 'proved') return result.verdict;
  const {entry, origin, size, index} = result;
  return `proved: entry ${entry.id} (${entry.action}) is number ${index} of ${size} in ${origin}`;
}

async function readKeys(given: string): Promise<NoteVerifier[]> {
  const lines = /^\S+\+[0-9a-f]{8}\+\S+$/.test(given) ? [given] : (await readText(given)).trim().split('\n');
  try {
    return lines.map(parseVerifierKey);
  } catch (cause) {
    throw new AuditError('INVALID_FILE', `--key ${given} holds no public key.`, [], {cause});
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AuditError('INVALID_FILE', `${file} cannot be read.`, [], {cause});
  }
}
