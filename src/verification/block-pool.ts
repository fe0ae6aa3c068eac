import {join} from 'node:path';
import {Worker} from 'node:worker_threads';
import type {BlockTask} from './block-worker';
import {type ExaminedBlock, examineLines} from './examine-lines';
import {type PackedBlock, unpacked} from './packed-block';

/** Blocks that wait at each worker, so that none is idle while another is read. */
const AHEAD = 2;

/** A worker, and who waits for it. */
interface Busy {
  worker: Worker;
  /** Whether it has ended by a fault; whoever waited for it was told. */
  isBroken: boolean;
  waiting: {done: (block: ExaminedBlock) => void; failed: (error: Error) => void}[];
}

/** Examines blocks of lines on as many cores as there are to be; on one, in this thread. */
export class BlockPool {
  private readonly workers: Busy[];

  /** @param cores how many; each beyond the first is a worker thread, and so is the first then */
  constructor(cores: number) {
    this.workers = cores > 1 ? Array.from({length: cores}, startWorker) : [];
  }

  /** Blocks that may be under way at once. */
  get most(): number {
    return Math.max(1, this.workers.length * AHEAD);
  }

  /** Takes the memory of the block's bytes away where another thread examines it. */
  examine(task: BlockTask): Promise<ExaminedBlock> | ExaminedBlock {
    const working = this.workers.filter(({isBroken}) => !isBroken);
    const [least] = working.sort((a, b) => a.waiting.length - b.waiting.length);
    const {bytes, file, firstLine} = task;
    if (!least)
      return examineLines(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), file, firstLine);
    const examined = new Promise<ExaminedBlock>((done, failed) => {
      least.waiting.push({done, failed});
      least.worker.postMessage(task, [bytes.buffer]);
    });
    // Blocks are awaited one after the other: a later one may fail before its turn.
    examined.catch(() => {});
    return examined;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(({worker}) => worker.terminate()));
  }
}

function startWorker(): Busy {
  // The worker holds a few blocks and no more: without a bound V8 would let garbage pile up.
  const worker = new Worker(join(__dirname, 'block-worker.js'), {
    resourceLimits: {maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 4},
  });
  const busy: Busy = {worker, isBroken: false, waiting: []};
  worker.on('message', (block: PackedBlock) => busy.waiting.shift()?.done(unpacked(block)));
  worker.on('error', error => {
    busy.isBroken = true;
    for (const {failed} of busy.waiting.splice(0)) failed(error);
  });
  return busy;
}
