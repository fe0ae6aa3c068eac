import {readdir, readFile, readlink} from 'node:fs/promises';
import {join} from 'node:path';

/** Ids of the PostgreSQL processes whose data is below a folder. */
export async function postgresProcesses(folder: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async id => {
      const [command, directory] = await Promise.all([
        readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${id}/cwd`).catch(() => ''),
      ]);
      return command.includes('postgres') && directory === join(folder, 'postgres') ? [Number(id)] : [];
    }),
  );
  return found.flat();
}
