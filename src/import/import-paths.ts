import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {AuditError} from '../errors';

const IMPORTABLE = /^[^.].*\.(json|ndjson|jsonl|csv)(\.gz)?$/i;

/**
 * The files that paths name, in their order. A folder stands for the files in it and below whose
 * names end like a kind that can be imported (`IMPORTABLE`), in the order of their names.
 * @throws AuditError INVALID_FILE for a path that is not there, and when no file is left.
 */
export async function importPaths(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesOf(path)));
  if (files.length > 0) return files;
  throw new AuditError('INVALID_FILE', `There are no files in ${paths.join(', ')}.`);
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const entries = (await readdir(path, {withFileTypes: true}))
    .filter(entry => (entry.isDirectory() ? !entry.name.startsWith('.') : IMPORTABLE.test(entry.name)))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) files.push(...(await filesOf(join(path, entry.name))));
    else files.push(join(path, entry.name));
  }
  return files;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new AuditError('INVALID_FILE', `Cannot read ${path}.`, [], {cause});
  }
}
