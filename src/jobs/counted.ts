import type {EntryPages} from '../export/export-format';
import type {JobContext} from './job-runner';

/** Passes pages on, tells the job how many entries have gone by, and stops when the job must. */
export async function* counted(pages: EntryPages, {signal, progress}: JobContext) {
  let rows = 0;
  for await (const page of pages) {
    signal.throwIfAborted();
    yield page;
    rows += page.length;
    progress(rows);
  }
}
