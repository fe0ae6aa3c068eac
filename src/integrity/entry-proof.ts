import type {JsonValue} from '@loopback-audit/audit-log';
import {canonicalJson} from './canonical-json';
import {LONGEST_PATH} from './merkle-hash';
import {ambiguity} from './one-reading';
import {parseCount, parseHash} from './text-form';

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
const INDEX = /^index (\d+)$/;
const EXTRA = /^extra ([A-Za-z0-9+/]*={0,2})$/;

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

/**
 * Reads a proof, as text or in the JSON that the service answers; undefined where it is none, or where readers of its
 * JSON may differ in what it says.
 */
export const parseEntryProof = (text: string): EntryProof | undefined =>
  text.trimStart().startsWith('{') ? parseJsonProof(text) : parseTextProof(text);

function parseJsonProof(text: string): EntryProof | undefined {
  try {
    const {entry, leafIndex, path, checkpoint} = JSON.parse(text) as Partial<Record<string, JsonValue>>;
    const hashes = Array.isArray(path) ? path.flatMap(hash => parseHash(String(hash)) ?? []) : [];
    const isWhole = Array.isArray(path) && hashes.length === path.length && hashes.length <= LONGEST_PATH;
    if (!isWhole || !Number.isSafeInteger(leafIndex) || typeof checkpoint !== 'string') return undefined;
    if (entry === undefined || ambiguity(text)) return undefined;
    const extra = Buffer.from(canonicalJson(entry));
    return {index: leafIndex as number, path: hashes, checkpoint, extra};
  } catch {
    return undefined;
  }
}

function parseTextProof(text: string): EntryProof | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [header, ...lines] = text.slice(0, end).split('\n');
  if (header !== HEADER) return undefined;
  const [, extra] = EXTRA.exec(lines[0] ?? '') ?? [];
  if (extra !== undefined) lines.shift();
  const index = parseCount(INDEX.exec(lines.shift() ?? '')?.[1] ?? '');
  if (index === undefined || lines.length > LONGEST_PATH) return undefined;
  const path = lines.flatMap(line => parseHash(line) ?? []);
  if (path.length < lines.length) return undefined;
  return {
    ...(extra !== undefined && {extra: Buffer.from(extra, 'base64')}),
    ...{index, path, checkpoint: text.slice(end + 2)},
  };
}
