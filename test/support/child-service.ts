import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {DEVELOPER, signToken} from '../../dist/cli/development-token';
import {readSettings} from '../../dist/settings';
import {type Answer, type SendOptions, send} from './send';
import type {TestDatabase} from './test-database';
import {SECRET} from './test-service';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

/** The service as an operator starts it: a process of its own, which can be killed. */
export interface ChildService {
  url: string;
  /** Sends a request; by default with a token that permits everything in the tenant `acme`. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  /** Ends the process by a signal and answers how it ended. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<{code: number | null; signal: string | null}>;
  /** Whether the process has ended by itself or otherwise. */
  readonly hasEnded: boolean;
  /** What it has written to stdout and stderr so far. */
  readonly output: string;
}

/** Starts the service on a migrated test database and waits until it listens. */
export async function startChildService(
  {settings}: Pick<TestDatabase, 'settings'>,
  dataDir: string,
  environment: Record<string, string> = {},
): Promise<ChildService> {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'warn', AUDIT_DATA_DIR: dataDir, MIGRATE: 'false'},
      DETECTION_INTERVAL_MS: '0',
      ...{DB_HOST: settings.host, DB_PORT: String(settings.port), DB_DATABASE: settings.database},
      ...{DB_USER: settings.user, DB_PASSWORD: settings.password, JWT_SECRET: SECRET},
      ...environment,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = await listening(child, () => output);
  const token = await signToken(
    SECRET,
    {...DEVELOPER, tenantId: 'acme', sub: 'tester'},
    readSettings({JWT_SECRET: SECRET}),
  );
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    url,
    send: (path, options = {}) => send(`${url}${path}`, {token, ...options}),
    async kill(signal) {
      const ended = hasEnded() ? undefined : once(child, 'close');
      child.kill(signal);
      await ended;
      return {code: child.exitCode, signal: child.signalCode};
    },
    get hasEnded() {
      return hasEnded();
    },
    get output() {
      return output;
    },
  };
}

async function listening(child: ChildProcess, output: () => string): Promise<string> {
  for (;;) {
    const [, url] = /listens on (http:\S+)/.exec(output()) ?? [];
    if (url !== undefined) return url;
    if (child.exitCode !== null) throw new Error(`The service did not start:\n${output()}`);
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'close')]);
  }
}
