import {existsSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

/** A secret of a development start: made at the first one, kept in the data folder, readable by its owner alone. */
export async function keptFile(dataFolder: string, name: string, make: () => string): Promise<string> {
  const file = join(dataFolder, name);
  await mkdir(dataFolder, {recursive: true});
  if (!existsSync(file)) await writeFile(file, make(), {mode: 0o600});
  return (await readFile(file, 'utf8')).trim();
}
