import {execFileSync} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Space for files of this process that comes to an end for real: the kernel refuses to write more. */
export interface SmallDisk {
  folder: string;
  /** How the kernel refuses. */
  code: 'ENOSPC' | 'EFBIG';
  /** Gives far more space. */
  grow(): void;
  release(): Promise<void>;
}

const SMALL = 64 << 10;

const run = (command: string, ...args: string[]) => execFileSync(command, args, {stdio: 'pipe'});

/** A file system of 64 KiB in memory. Only root may mount one. */
async function mounted(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-disk-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${SMALL}`, 'tmpfs', folder);
  } catch (error) {
    await rm(folder, {recursive: true});
    throw error;
  }
  return {
    folder,
    code: 'ENOSPC',
    grow: () => void run('mount', '-o', `remount,size=${64 << 20}`, folder),
    async release() {
      run('umount', folder);
      await rm(folder, {recursive: true});
    },
  };
}

/** Files of this process may be no longer than 64 KiB (RLIMIT_FSIZE, setrlimit(2)). Everybody may limit himself. */
async function limited(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-disk-'));
  const limit = (bytes: number | 'unlimited') =>
    void run('prlimit', '--pid', String(process.pid), `--fsize=${bytes}:`);
  limit(SMALL);
  return {
    folder,
    code: 'EFBIG',
    grow: () => limit('unlimited'),
    async release() {
      limit('unlimited');
      await rm(folder, {recursive: true});
    },
  };
}

/** The small disks that can be had here: of root's, one of each kind; else that which everybody can have. */
export async function smallDisks(): Promise<[name: string, open: () => Promise<SmallDisk>][]> {
  const everywhere: [string, () => Promise<SmallDisk>] = ['a limit on the length of files', limited];
  const trial = await mounted().catch(() => undefined);
  await trial?.release();
  return trial ? [['a file system without space', mounted], everywhere] : [everywhere];
}
