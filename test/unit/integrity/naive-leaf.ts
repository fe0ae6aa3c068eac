import {createHash} from 'node:crypto';
import type {AuditEntry, JsonValue} from '@loopback-audit/audit-log';

const HIDDEN = [
  'actorEmail',
  'actorName',
  'after',
  'before',
  'description',
  'ip',
  'metadata',
  'reason',
  'userAgent',
];
const LEFT_OUT = [...HIDDEN, 'leafIndex', 'leafHash', 'salt', 'commitments'];

/** RFC 8785, section 3.2, word for word: nothing is shared with what it is held against. */
export function naiveJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(naiveJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map(name => `${JSON.stringify(name)}:${naiveJson(value[name] as JsonValue)}`).join(',')}}`;
}

/** The leaf of an entry as docs/verification.md tells to make it, step by step. */
export function naiveLeaf(entry: AuditEntry, salt: Uint8Array): Buffer {
  const told = Object.entries(entry).filter(([, value]) => value !== null);
  const commitments = told
    .filter(([name]) => HIDDEN.includes(name))
    .map(([name, value]) => [
      name,
      createHash('sha256')
        .update(salt)
        .update(naiveJson([name, value]))
        .digest('base64'),
    ]);
  const rest = told.filter(([name]) => !LEFT_OUT.includes(name));
  const leaf = {...Object.fromEntries(rest), commitments: Object.fromEntries(commitments)};
  return createHash('sha256').update(Buffer.of(0)).update(naiveJson(leaf)).digest();
}
