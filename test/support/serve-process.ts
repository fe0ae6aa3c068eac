import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {DatabaseSettings} from '../../dist';
import {TEST_SECRET} from './test-token';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

/** `audit-service serve` as a process of its own. */
export interface ServeProcess {
  pid: number;
  /** What it has written so far. */
  readonly output: string;
  readonly errors: string;
  /** Waits until it serves, and answers its URL. */
  serving(): Promise<string>;
  /** The curl line that it has printed. */
  curl(): string;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<{code: number | null; signal: NodeJS.Signals | null}>;
  /** Waits for the end. */
  ended(): Promise<{code: number | null; signal: NodeJS.Signals | null}>;
}

const running = new Set<ChildProcess>();

/** Starts the service with these settings alone, on a free port unless one is given. */
export function serve(environment: Record<string, string>, options: {uid?: number} = {}): ServeProcess {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: tmpdir(),
    env: {PATH: process.env.PATH, LOG_LEVEL: 'silent', PORT: '0', ...environment},
    ...options,
  });
  running.add(child);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text;
  });
  const closed = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return {code, signal};
  });
  return {
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
    async serving() {
      const url = () => /listens on (\S+)\n/.exec(output)?.[1];
      while (!url() && child.exitCode === null) await Promise.race([once(child.stdout, 'data'), closed]);
      const found = url();
      if (!found) throw new Error(`The service did not start: ${errors}`);
      return found;
    },
    curl: () => /^ *(curl .*)$/m.exec(output)?.[1] ?? '',
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return closed;
    },
    ended: () => closed,
  };
}

/** Ends what a failed test has left running. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map(child => {
      child.kill('SIGTERM');
      return child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
    }),
  );
}

/** The settings that make the service use a PostgreSQL. */
export const databaseEnvironment = (settings: DatabaseSettings): Record<string, string> => ({
  DB_HOST: settings.host,
  DB_PORT: String(settings.port),
  DB_USER: settings.user,
  DB_PASSWORD: settings.password,
  DB_DATABASE: settings.database,
  JWT_SECRET: TEST_SECRET,
});

/** Folders that are removed together. */
export class ScratchFolders {
  private readonly made: string[] = [];

  async make(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'audit-serve-'));
    this.made.push(folder);
    return folder;
  }

  async remove(): Promise<void> {
    await Promise.all(this.made.map(folder => rm(folder, {recursive: true, force: true})));
  }
}
