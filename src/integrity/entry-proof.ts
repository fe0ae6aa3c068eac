import {HASH_BYTES} from './merkle-hash';

/** That an entry is in a log: its place, its path to the root, and the checkpoint that vouches for the root. */
export interface EntryProof {
  index: number;
  path: Buffer[];
  /** A signed note, as the log gave it. */
  checkpoint: string;
  /** What else belongs to it, such as the entry itself; nothing vouches for it but the leaf. */
  extra?: Buffer;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const INDEX = /^index (0|[1-9]\d{0,15})$/;
const EXTRA = /^extra ([A-Za-z0-9+/]*={0,2})$/;
const HASH = /^[A-Za-z0-9+/]{43}=$/;
/** Longest path of a tree whose size is a safe integer. */
const LONGEST_PATH = 53;

/** A proof as one self-contained text (C2SP tlog-proof). */
export function writeEntryProof({index, path, checkpoint, extra}: EntryProof): string {
  const lines = [
    HEADER,
    ...(extra ? [`extra ${extra.toString('base64')}`] : []),
    `index ${index}`,
    ...path.map(hash => hash.toString('base64')),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** Reads a proof; undefined where the text is none. */
export function parseEntryProof(text: string): EntryProof | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [header, ...lines] = text.slice(0, end).split('\n');
  if (header !== HEADER) return undefined;
  const [, extra] = EXTRA.exec(lines[0] ?? '') ?? [];
  if (extra !== undefined) lines.shift();
  const [, index] = INDEX.exec(lines.shift() ?? '') ?? [];
  if (index === undefined || !Number.isSafeInteger(Number(index))) return undefined;
  if (lines.length > LONGEST_PATH || !lines.every(line => HASH.test(line))) return undefined;
  const path = lines.map(line => Buffer.from(line, 'base64'));
  if (path.some(hash => hash.length !== HASH_BYTES)) return undefined;
  return {
    ...(extra !== undefined && {extra: Buffer.from(extra, 'base64')}),
    ...{index: Number(index), path, checkpoint: text.slice(end + 2)},
  };
}
