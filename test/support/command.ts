import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

/** What a command has come to. */
export interface Ended {
  status: number | null;
  output: string;
  errors: string;
}

/** Runs `audit-service` with these arguments, settings and standard input. */
export async function command(
  args: readonly string[],
  {env = {}, input = ''}: {env?: Record<string, string>; input?: string | Buffer} = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: {PATH: process.env.PATH, ...env},
  });
  const ended: Ended = {status: null, output: '', errors: ''};
  child.stdout.setEncoding('utf8').on('data', text => {
    ended.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    ended.errors += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  [ended.status] = await once(child, 'close');
  return ended;
}
