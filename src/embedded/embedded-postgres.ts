import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {chmod, mkdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {Client} from 'pg';
import {AuditError} from '../errors';
import type {DatabaseSettings} from '../types';
import {type Binary, postgresBinary} from './postgres-binaries';
import {giveTo, type ProcessUser, postgresUser} from './postgres-user';

const execute = promisify(execFile);

const LOGIN = 'audit';
const DATABASE = 'audit';
const PASSWORD_FILE = 'postgres-password';
/** Sorts by code points, and knows the upper and lower case of every script; the same on every machine. */
const LOCALE = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

/** Loopback alone, and nothing in the log but what an operator must know. */
const SERVER_OPTIONS = [
  'listen_addresses=127.0.0.1',
  "unix_socket_directories=''",
  'max_connections=120',
  'log_min_messages=warning',
];

export interface RunningPostgres {
  settings: DatabaseSettings;
  stop(): Promise<void>;
}

/** One cluster on disk, and the user that its programs run as. */
interface Cluster {
  folder: string;
  user: ProcessUser | undefined;
}

/**
 * Starts the PostgreSQL that the service brings along, with its data below the data folder. The first
 * start makes the cluster and a password of its own. A server that a crashed service has left running is
 * stopped first. The server is in a process group of its own, so that Ctrl-C reaches the service alone,
 * which drains before it stops the server.
 *
 * @param more settings of the server besides its own, as `name=value`
 * @throws AuditError INVALID_SETTING where PostgreSQL cannot be started there
 */
export async function startEmbeddedPostgres(
  dataFolder: string,
  more: readonly string[] = [],
): Promise<RunningPostgres> {
  const password = await passwordOf(dataFolder);
  const cluster = {folder: join(dataFolder, 'postgres'), user: await postgresUser()};
  if (cluster.user) await letThrough(dataFolder);
  await stopAbandoned(cluster);
  if (!existsSync(cluster.folder)) await makeCluster(cluster, dataFolder, password);
  const port = await freePort();
  const log = join(cluster.folder, 'service.log');
  const options = [`-p ${port}`, ...[...SERVER_OPTIONS, ...more].map(option => `-c ${option}`)].join(' ');
  try {
    await rm(log, {force: true});
    await run(cluster, 'pg_ctl', ['start', '--wait', `--log=${log}`, `--options=${options}`]);
  } catch (error) {
    throw cannotStart(error, await readFile(log, 'utf8').catch(() => ''));
  }
  const settings = {host: '127.0.0.1', port, user: LOGIN, password, database: DATABASE, ssl: false};
  const stop = () => run(cluster, 'pg_ctl', ['stop', '--wait', '--mode=fast']);
  try {
    await makeDatabase(settings);
  } catch (error) {
    await stop();
    throw cannotStart(error, '');
  }
  return {settings, stop};
}

/**
 * How to reach the PostgreSQL that a service has started with this data folder and that runs now.
 *
 * @throws AuditError INVALID_SETTING where none runs there
 */
export async function runningPostgres(dataFolder: string): Promise<DatabaseSettings> {
  try {
    // PostgreSQL, storage file layout: the fourth line of postmaster.pid is the port.
    const [pid, , , port] = (await readFile(join(dataFolder, 'postgres', 'postmaster.pid'), 'utf8')).split(
      '\n',
    );
    if (!(await isPostgres(Number(pid)))) throw new Error('the server has ended');
    const password = (await readFile(join(dataFolder, PASSWORD_FILE), 'utf8')).trim();
    return {host: '127.0.0.1', port: Number(port), user: LOGIN, password, database: DATABASE, ssl: false};
  } catch (cause) {
    const message = 'holds no PostgreSQL that runs: start the service, or name a database by DB_HOST';
    const detail = {field: 'AUDIT_DATA_DIR', code: 'INVALID_SETTING', message};
    throw new AuditError('INVALID_SETTING', `AUDIT_DATA_DIR ${message}.`, [detail], {cause});
  }
}

/** Lets other users pass through a folder, not look into it: what is secret in it is closed by itself. */
async function letThrough(folder: string): Promise<void> {
  await chmod(folder, (await stat(folder)).mode | 0o111);
}

async function run({folder, user}: Cluster, binary: Binary, args: string[]): Promise<void> {
  await execute(postgresBinary(binary), ['-D', folder, ...args], {
    ...user,
    cwd: '/',
    env: {...process.env, LC_ALL: 'C'},
  });
}

/** Makes the cluster beside its place and moves it there when it is whole, so that what has that name is data. */
async function makeCluster({folder, user}: Cluster, dataFolder: string, password: string): Promise<void> {
  const unfinished = {folder: `${folder}.new`, user};
  const passwordFile = join(dataFolder, 'postgres-password.tmp');
  try {
    await rm(unfinished.folder, {recursive: true, force: true});
    await mkdir(unfinished.folder, {mode: 0o700});
    await giveTo(user, unfinished.folder);
    await writeFile(passwordFile, password, {mode: 0o600});
    await giveTo(user, passwordFile);
    const access = ['--auth=scram-sha-256', `--username=${LOGIN}`, `--pwfile=${passwordFile}`];
    await run(unfinished, 'initdb', [...access, ...LOCALE]);
    await rename(unfinished.folder, folder);
  } catch (error) {
    await rm(unfinished.folder, {recursive: true, force: true});
    throw cannotStart(error, '');
  } finally {
    await rm(passwordFile, {force: true});
  }
}

async function makeDatabase(settings: DatabaseSettings): Promise<void> {
  const {ssl: _ssl, ...connection} = settings;
  const client = new Client({...connection, database: 'postgres'});
  await client.connect();
  try {
    const {rowCount} = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function cannotStart(error: unknown, log: string): AuditError {
  const said = `${error instanceof Error ? error.message : ''}\n${log}`;
  const reason =
    /permission denied|EACCES/i.test(said) && process.getuid?.() === 0
      ? 'as root it runs as the user postgres, who must be able to reach this folder and node_modules'
      : (/(?:FATAL|PANIC|error): *(.*)/i.exec(said)?.[1] ?? said.trim().split('\n').at(-1));
  const message = `holds no PostgreSQL that can be started: ${reason}`;
  return new AuditError(
    'INVALID_SETTING',
    `AUDIT_DATA_DIR ${message}.`,
    [{field: 'AUDIT_DATA_DIR', code: 'INVALID_SETTING', message}],
    {cause: error},
  );
}

async function passwordOf(dataFolder: string): Promise<string> {
  const file = join(dataFolder, PASSWORD_FILE);
  if (!existsSync(file)) await writeFile(file, randomBytes(24).toString('base64url'), {mode: 0o600});
  return (await readFile(file, 'utf8')).trim();
}

/** Stops the server that postmaster.pid names, if it still runs on this very folder. */
async function stopAbandoned(cluster: Cluster): Promise<void> {
  const [pid = '', folder] = await readFile(join(cluster.folder, 'postmaster.pid'), 'utf8')
    .then(text => text.split('\n'))
    .catch(() => []);
  if (folder === cluster.folder && (await isPostgres(Number(pid)))) {
    await run(cluster, 'pg_ctl', ['stop', '--wait', '--mode=fast']);
  }
}

/** Whether a process is PostgreSQL, and not another program that has been given its number since. */
async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
  return command.includes('postgres');
}

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
