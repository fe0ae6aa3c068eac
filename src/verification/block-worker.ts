import {parentPort} from 'node:worker_threads';
import {examineLines} from './examine-lines';
import {packed} from './packed-block';

/** What a worker is given: whole lines of a file. */
export interface BlockTask {
  bytes: Uint8Array<ArrayBuffer>;
  file: string;
  firstLine: number;
}

parentPort?.on('message', ({bytes, file, firstLine}: BlockTask) => {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const block = packed(examineLines(lines, file, firstLine), file);
  parentPort?.postMessage(block, [block.usual.buffer]);
});
