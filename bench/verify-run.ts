import {createReadStream} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseVerifierKey} from '../dist/integrity/signed-note';
import {lineBlocks} from '../dist/verification/line-blocks';
import {verifyFiles} from '../dist/verification/verify-files';

/** One run in a process of its own, of the log in a folder. */
export interface VerifyRun {
  folder: string;
  /** Against the root alone, or tiles; or not at all: lines are read and parsed, and no more. */
  how: 'root' | 'tiles' | 'parse';
  cores: number;
}

async function main({folder, how, cores}: VerifyRun): Promise<void> {
  const file = join(folder, 'trail.ndjson');
  const begun = performance.now();
  const entries = how === 'parse' ? await parse(file) : await verify(folder, file, how, cores);
  const seconds = (performance.now() - begun) / 1_000;
  const status = await readFile('/proc/self/status', 'utf8');
  const peakMb = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  const {user, system} = process.cpuUsage();
  const busy = (user + system) / 1_000_000;
  process.stdout.write(JSON.stringify({rate: entries / seconds, busyRate: entries / busy, peakMb}));
}

async function verify(folder: string, file: string, how: 'root' | 'tiles', cores: number): Promise<number> {
  const keys = [parseVerifierKey(await readFile(join(folder, 'key'), 'utf8'))];
  const against = how === 'tiles' ? {tiles: folder} : {checkpoint: join(folder, 'checkpoint')};
  const {verdict, entries} = await verifyFiles([file], {keys, cores, ...against});
  if (verdict !== 'proved') throw new Error(`The log of the measurement is ${verdict}.`);
  return entries;
}

async function parse(file: string): Promise<number> {
  let entries = 0;
  for await (const {bytes} of lineBlocks(createReadStream(file, {highWaterMark: 256 << 10}))) {
    for (let from = 0; from < bytes.length; entries++) {
      const end = bytes.indexOf('\n', from);
      JSON.parse(bytes.toString('utf8', from, end));
      from = end + 1;
    }
  }
  return entries;
}

main(JSON.parse(process.argv[2] ?? '')).catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
