import {cpus} from 'node:os';
import {parseArgs} from 'node:util';
import {benchAsk} from './ask';
import {BenchServer} from './bench-server';
import {benchLatency} from './latency';
import {benchMemory} from './memory';
import {benchMixin} from './mixin';
import {benchProve} from './prove';
import {benchVerify} from './verify';
import {benchWrite} from './write';

const BENCHES: Readonly<Record<string, (server: BenchServer, sizes: readonly number[]) => Promise<string>>> =
  {
    memory: benchMemory,
    latency: benchLatency,
    ask: benchAsk,
    mixin: benchMixin,
    write: benchWrite,
    prove: benchProve,
    verify: benchVerify,
  };

const USAGE = `usage: npm run bench -- [${Object.keys(BENCHES).join('|')} …] [--rows 10000,1000000]\n`;

async function main(): Promise<void> {
  const {positionals, values} = parseArgs({
    allowPositionals: true,
    options: {rows: {type: 'string', default: '10000,1000000'}},
  });
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  const sizes = values.rows.split(',').map(Number);
  if (
    names.some(name => !Object.hasOwn(BENCHES, name)) ||
    !sizes.every(size => Number.isInteger(size) && size > 0)
  ) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const machine = `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}; the database, the service and its clients share the machine.`;
  process.stdout.write(`${machine} Ratios carry over to another machine, times do not.\n`);
  const server = await BenchServer.start();
  try {
    for (const name of names) process.stdout.write(`\n${await BENCHES[name]?.(server, sizes)}\n`);
  } finally {
    await server.stop();
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
