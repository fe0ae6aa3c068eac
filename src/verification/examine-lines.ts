import {isUtf8} from 'node:buffer';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {type ExaminedEntry, examineEntry} from '../integrity/examine-entry';
import type {Finding} from '../integrity/findings';
import {ambiguity} from '../integrity/one-reading';

/** What was read of a part of a file. */
export interface ExaminedBlock {
  entries: ExaminedEntry[];
  /** What is wrong with records that are no entries. */
  findings: Finding[];
  /** Lines of the part. */
  lines: number;
}

const LINE_FEED = 0x0a;

/**
 * Makes the leaves of entries that stand in whole lines, one JSON object each; blank lines are skipped.
 *
 * @param firstLine the number of the first line in the file, from 1
 */
export function examineLines(bytes: Buffer, file: string, firstLine: number): ExaminedBlock {
  const block: ExaminedBlock = {entries: [], findings: [], lines: 0};
  for (let from = 0; from < bytes.length; ) {
    const next = bytes.indexOf(LINE_FEED, from);
    const end = next < 0 ? bytes.length : next;
    const place = `${file}:${firstLine + block.lines++}`;
    const read = readLine(bytes, from, end);
    if (read.entry) block.entries.push(examineEntry(read.entry, place));
    else if (!read.blank) block.findings.push({kind: 'unreadable', place, ...read});
    from = end + 1;
  }
  return block;
}

type ReadLine =
  | {entry: Partial<AuditEntry>; blank?: never}
  | {entry?: never; blank: true}
  | {entry?: never; blank?: never; field?: string; detail: string};

function readLine(bytes: Buffer, from: number, end: number): ReadLine {
  const text = bytes.toString('utf8', from, end);
  if (text.length < 3 && text.trim() === '') return {blank: true};
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, end))) return {detail: 'this is not UTF-8'};
  try {
    const entry: unknown = JSON.parse(text);
    if (!isObject(entry)) return {detail: 'this is no JSON object'};
    // What the service has written reads back to the letter; anything else is looked at more closely.
    return (JSON.stringify(entry) === text ? undefined : ambiguity(text)) ?? {entry};
  } catch {
    return text.trim() === '' ? {blank: true} : {detail: 'this is not JSON'};
  }
}

const isObject = (value: unknown): value is Partial<AuditEntry> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
