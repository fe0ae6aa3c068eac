import {parentPort} from 'node:worker_threads';
import {examineLines} from './examine-lines';
import {packed} from './packed-block';

/** What a worker is given: lines of a file. */
export interface BlockTask {
  bytes: Uint8Array<ArrayBuffer>;
  file: string;
}

parentPort?.on('message', ({bytes, file}: BlockTask) => {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // The lines are numbered within the block: the one who has cut it knows where it begins.
  const block = packed(examineLines(lines, file, 1), file);
  parentPort?.postMessage(block, [block.usual.buffer]);
});
