import {mkdir, open, rm} from 'node:fs/promises';
import {createConnection, createServer, type Server} from 'node:net';
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
    await rm(probe);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown fault';
    throw broken(folder, `cannot be written to (${reason})`, error);
  }
  // A socket's path may have about 100 bytes; the shorter of the two forms is used.
  const candidates = [join(path, 'service.sock'), relative(process.cwd(), join(path, 'service.sock'))];
  const socket = candidates.sort((a, b) => a.length - b.length)[0] ?? '';
  if (await isAnswered(socket)) throw broken(folder, 'is in use by another audit service');
  await rm(socket, {force: true});
  const server = await listen(socket).catch(error => {
    throw broken(folder, 'cannot be held', error);
  });
  return {path, release: () => new Promise(done => server.close(() => done()))};
}

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
