import type {ImportCandidate, ImportSource} from '../../dist/import/import-source';

/** Reads a text as one source would read a file, in chunks of the given size. */
export async function candidatesOf(
  source: ImportSource,
  text: string | Buffer,
  size = 7,
): Promise<ImportCandidate[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const candidates: ImportCandidate[] = [];
  for await (const candidate of source.read(chunks(), 'file')) candidates.push(candidate);
  return candidates;
}

/** Where each candidate is, and what it is called or what is wrong with it. */
export const summaryOf = (candidates: readonly ImportCandidate[]) =>
  candidates.map(({location, entry, problem}) => [
    location.line ?? location.record,
    entry?.action ?? problem?.map(({code}) => code).join(),
  ]);
