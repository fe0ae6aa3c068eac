import {stat} from 'node:fs/promises';
import {AuditError} from '../errors';
import {importPaths} from '../import/import-paths';
import {type NoteVerifier, parseVerifierKey} from '../integrity/signed-note';
import {STDIN} from '../verification/entry-file';
import {isProof} from '../verification/proof-file';
import {readText} from '../verification/text-file';

/** The keys that `--key` gives: one itself, or those of a file. @throws AuditError INVALID_FILE */
export async function readKeys(given: string): Promise<NoteVerifier[]> {
  const lines = /^\S+\+[0-9a-f]{8}\+\S+$/.test(given) ? [given] : (await readText(given)).trim().split('\n');
  try {
    return lines.map(parseVerifierKey);
  } catch (cause) {
    throw new AuditError('INVALID_FILE', `--key ${given} holds no public key.`, [], {cause});
  }
}

/** The files that arguments stand for: proofs of entries, and files of entries with their bytes in all. */
export interface VerifyInputs {
  proofs: string[];
  entries: string[];
  bytes: number;
}

/**
 * Says what a file is not, where nothing was given that entries could be held against.
 *
 * @throws AuditError INVALID_FILE where there is such a file, or none at a path
 */
export async function refuseEntries(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const isThere = file === STDIN || (await stat(file).catch(() => undefined)) !== undefined;
    if (!isThere) throw new AuditError('INVALID_FILE', `${file}: no such file.`);
    const how = 'to verify entries give --checkpoint or --tiles';
    throw new AuditError('INVALID_FILE', `${file === STDIN ? 'stdin' : file} is not a proof; ${how}.`);
  }
}

/** Tells proofs from files of entries. A path that is not there counts as one of entries, which cannot be read. */
export async function sortInputs(paths: readonly string[]): Promise<VerifyInputs> {
  const inputs: VerifyInputs = {proofs: [], entries: [], bytes: 0};
  for (const path of paths) {
    const files = path === STDIN ? [path] : await importPaths([path]).catch(() => [path]);
    for (const file of files) {
      if (file !== STDIN && (await isProof(file))) {
        inputs.proofs.push(file);
        continue;
      }
      inputs.entries.push(file);
      inputs.bytes += await stat(file).then(
        ({size}) => size,
        () => 0,
      );
    }
  }
  return inputs;
}
