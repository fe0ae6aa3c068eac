import {createHash} from 'node:crypto';
import {mkdir, open, realpath, rm} from 'node:fs/promises';
import {createConnection, createServer, type Server} from 'node:net';
import {platform} from 'node:os';
import {join, relative, resolve} from 'node:path';
import {AuditError} from '../errors';

/** A data folder that this process alone uses. */
export interface HeldFolder {
  path: string;
  release(): Promise<void>;
}

const broken = (folder: string, message: string, cause?: unknown) =>
  new AuditError(
    'INVALID_SETTING',
    `AUDIT_DATA_DIR ${folder} ${message}.`,
    [{field: 'AUDIT_DATA_DIR', code: 'INVALID_SETTING', message}],
    {cause},
  );

/**
 * Makes the data folder and holds it: a second service on the same folder is refused, while one that has
 * crashed leaves nothing in the way. What holds it is a listening socket in the folder, which ends with
 * the process whatever its end.
 *
 * @throws AuditError INVALID_SETTING where the folder cannot be used or is in use
 */
export async function holdDataFolder(folder: string): Promise<HeldFolder> {
  const path = resolve(folder);
  try {
    await mkdir(path, {recursive: true});
    const probe = join(path, '.writable');
    await (await open(probe, 'w')).close();
    await rm(probe, {force: true});
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown fault';
    throw broken(folder, `cannot be written to (${reason})`, error);
  }
  // A socket's path may have about 100 bytes; the shorter of the two forms is used.
  const candidates = [join(path, 'service.sock'), relative(process.cwd(), join(path, 'service.sock'))];
  const socket = candidates.sort((a, b) => a.length - b.length)[0] ?? '';
  const inUse = (cause?: unknown) => broken(folder, 'is in use by another audit service', cause);
  const turn = await takeTurn(await realpath(path)).catch(error => {
    throw inUse(error);
  });
  try {
    if (await isAnswered(socket)) throw inUse();
    await rm(socket, {force: true});
    const server = await listen(socket).catch(error => {
      throw broken(folder, 'cannot be held', error);
    });
    return {path, release: () => close(server).then(() => close(turn))};
  } catch (error) {
    await close(turn);
    throw error;
  }
}

/**
 * Services that start at the same moment could all find the folder free. On Linux they take turns by a name
 * in the abstract namespace (unix(7)), which one process has or none, and which ends with it.
 */
async function takeTurn(path: string): Promise<Server | undefined> {
  if (platform() !== 'linux') return undefined;
  const name = createHash('sha256').update(path).digest('hex');
  return listen(`\0audit-service-${name}`);
}

const close = (server: Server | undefined): Promise<void> =>
  new Promise(done => (server ? server.close(() => done()) : done()));

const isAnswered = (socket: string): Promise<boolean> =>
  new Promise(answer => {
    const connection = createConnection(socket);
    connection.once('connect', () => {
      connection.destroy();
      answer(true);
    });
    connection.once('error', () => answer(false));
  });

const listen = (socket: string): Promise<Server> =>
  new Promise((done, fail) => {
    const server = createServer(connection => connection.destroy());
    server.once('error', fail);
    server.listen(socket, () => done(server.unref()));
  });
