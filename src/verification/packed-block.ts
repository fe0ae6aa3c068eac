import type {ExaminedEntry} from '../integrity/examine-entry';
import {HASH_BYTES} from '../integrity/merkle-hash';
import type {ExaminedBlock} from './examine-lines';

/** A block as it goes from one thread to another: what is usual in one piece of memory, the rest as objects. */
export interface PackedBlock {
  usual: Uint8Array<ArrayBuffer>;
  /** Entries about which there is something to tell, with their places among all. */
  unusual: {at: number; entry: ExaminedEntry}[];
  /** Where the entries were read, without the numbers of their lines. */
  file: string;
  findings: ExaminedBlock['findings'];
  lines: number;
}

/** Length of an id (RFC 9562, as text). */
const ID = 36;
const [INDEX_AT, LINE_AT, LEAF_AT, ID_AT] = [0, 8, 16, 16 + HASH_BYTES];
const RECORD = ID_AT + ID;

export function packed(block: ExaminedBlock, file: string): PackedBlock {
  const {entries, findings, lines} = block;
  const bytes = Buffer.allocUnsafeSlow(entries.length * RECORD);
  const unusual: PackedBlock['unusual'] = [];
  let end = 0;
  for (const [at, entry] of entries.entries()) {
    const {id, index, leaf, told, erased, erases, place = ''} = entry;
    if (index === undefined || !leaf || told || erased || erases || id?.length !== ID) {
      unusual.push({at, entry});
      continue;
    }
    bytes.writeDoubleLE(index, end + INDEX_AT);
    bytes.writeDoubleLE(Number(place.slice(file.length + 1)), end + LINE_AT);
    bytes.set(leaf, end + LEAF_AT);
    bytes.write(id, end + ID_AT, 'latin1');
    end += RECORD;
  }
  return {usual: bytes.subarray(0, end), unusual, file, findings, lines};
}

export function unpacked({usual, unusual, file, findings, lines}: PackedBlock): ExaminedBlock {
  const bytes = Buffer.from(usual.buffer, usual.byteOffset, usual.length);
  const entries: ExaminedEntry[] = [];
  let [next, from] = [0, 0];
  while (from < bytes.length || next < unusual.length) {
    const {at, entry} = unusual[next] ?? {};
    if (entry && at === entries.length) {
      entries.push({...entry, leaf: asBuffer(entry.leaf), told: asBuffer(entry.told)});
      next++;
    } else {
      entries.push({
        id: bytes.toString('latin1', from + ID_AT, from + RECORD),
        index: bytes.readDoubleLE(from + INDEX_AT),
        leaf: bytes.subarray(from + LEAF_AT, from + ID_AT),
        erased: false,
        place: `${file}:${bytes.readDoubleLE(from + LINE_AT)}`,
      });
      from += RECORD;
    }
  }
  return {entries, findings, lines};
}

/** Buffers arrive in another thread as plain bytes. */
const asBuffer = (bytes: Uint8Array | undefined): Buffer | undefined =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
