import {Journal} from '@loopback-audit/audit-log';
import {sinkEntry} from '../contract/audit-sink.contract';

/** A process that keeps entries in a journal whose target is away, and says the id of each that is kept. */
async function write(folder: string): Promise<void> {
  const target = {deliver: () => Promise.reject(new Error('away'))};
  const journal = new Journal({folder, target, maxPauseMs: 100});
  for (;;) {
    const entry = sinkEntry();
    await journal.deliver([entry]);
    process.stdout.write(`${entry.id}\n`);
  }
}

void write(process.argv[2] ?? '');
