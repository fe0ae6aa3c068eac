import {execFile} from 'node:child_process';
import {chown} from 'node:fs/promises';
import {userInfo} from 'node:os';
import {promisify} from 'node:util';

const run = promisify(execFile);
const NAME = 'postgres';

/** The user that PostgreSQL runs as. */
export interface ProcessUser {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: then it is the user `postgres`, made where there is none. */
export async function postgresUser(): Promise<ProcessUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  return lookUp().catch(async () => {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      NAME,
    ]);
    return lookUp();
  });
}

async function lookUp(): Promise<ProcessUser> {
  const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
  return {uid: Number(uid.stdout), gid: Number(gid.stdout)};
}

/** Gives a file or folder to the user, where it is another than the present one. */
export async function giveTo(user: ProcessUser | undefined, path: string): Promise<void> {
  if (user) await chown(path, user.uid, user.gid);
}
