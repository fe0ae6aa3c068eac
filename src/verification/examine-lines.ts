import {isUtf8} from 'node:buffer';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {type ExaminedEntry, examineEntry} from '../integrity/examine-entry';
import type {Finding} from '../integrity/findings';
import {repeatedName} from './repeated-name';

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
    examineLine(bytes, from, end, place, block);
    from = end + 1;
  }
  return block;
}

function examineLine(bytes: Buffer, from: number, end: number, place: string, block: ExaminedBlock): void {
  const text = bytes.toString('utf8', from, end);
  if (text.length < 3 && text.trim() === '') return;
  const report = (problem: {field?: string; detail: string}) => {
    block.findings.push({kind: 'unreadable', place, ...problem});
  };
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(from, end))) return report({detail: 'this is not UTF-8'});
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return report({detail: 'this is no JSON object'});
    // What the service has written reads back to the letter; anything else is looked at more closely.
    const field = JSON.stringify(value) === text ? undefined : repeatedName(text);
    if (field !== undefined) return report({field, detail: 'it has this property twice'});
    block.entries.push(examineEntry(value, place));
  } catch {
    if (text.trim() !== '') report({detail: 'this is not JSON'});
  }
}

const isObject = (value: unknown): value is Partial<AuditEntry> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
