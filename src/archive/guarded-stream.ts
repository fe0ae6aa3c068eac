import {PassThrough, type Readable} from 'node:stream';
import {storeFailure} from './store-failure';

/**
 * The same bytes with the same back-pressure, where every fault of the source, a premature end
 * included, is an AuditError STORE_FAILED or STORE_REFUSED, and where destroying the stream destroys the source.
 */
export function guardedStream(source: Readable, doing: string): Readable {
  const guarded = new PassThrough();
  // A fault before the consumer has begun to listen waits for it instead of ending the process.
  guarded.on('error', () => {});
  source.on('error', error => guarded.destroy(storeFailure(doing, error)));
  source.once('close', () => {
    if (!source.readableEnded) guarded.destroy(storeFailure(doing, {name: 'PrematureEnd'}));
  });
  guarded.once('close', () => source.destroy());
  return source.pipe(guarded);
}
