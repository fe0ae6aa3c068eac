import {generateKeyPairSync} from 'node:crypto';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {commitmentsOf, ERASABLE, leafHash} from '../../../dist/integrity/leaf';
import {noteSigner} from '../../../dist/integrity/signed-note';
import {append, EMPTY_TREE, rootOf, type TreeHead} from '../../../dist/integrity/tree-head';
import type {ReadTiles} from '../../../dist/integrity/tree-reader';

export const SIGNER = noteSigner('audit.example.com', generateKeyPairSync('ed25519').privateKey);
export const ORIGIN = 'audit.example.com/tenant/acme';

/** Numbers from 0 up to and without 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A sealed log in memory. */
export interface RandomLog {
  entries: AuditEntry[];
  head: TreeHead;
  root: Buffer;
  read: ReadTiles;
}

const TEXTS = ['', 'plain', 'Jürgen', '"quoted"\\', '😀', 'line\nbreak', '=1+1', '\u0007', 'a,b'];

/** A log of so many entries of random content, some of which were erased, with a record of it. */
export function randomLog(size: number, random: () => number): RandomLog {
  const some = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const maybe = <T>(name: string, value: () => T) => (random() < 0.5 ? {[name]: value()} : {});
  const erased = Math.floor(random() * size);
  const entries = Array.from({length: size}, (_, leafIndex): AuditEntry => {
    const entry = {
      id: `01890a5d-ac96-774b-bcce-${leafIndex.toString(16).padStart(12, '0')}`,
      ...{tenantId: 'acme', action: 'a.b', actor: some(TEXTS), actorType: 'user', outcome: 'success'},
      ...{
        actedAt: '2026-11-22T03:10:59.123456Z',
        recordedAt: '2026-11-22T03:11:00.000001Z',
        severity: 'info',
      },
      ...maybe('reason', () => some(TEXTS)),
      ...maybe('ip', () => '192.0.2.1'),
      ...maybe('tags', () => [some(TEXTS), some(TEXTS)]),
      ...maybe('before', () => ({[some(TEXTS)]: random() * 1e9, list: [null, true, random()]})),
      ...maybe('metadata', () => ({[some(TEXTS)]: some(TEXTS)})),
      ...(leafIndex === size - 1 && {action: 'audit.log.erase', metadata: {leaves: [[erased, erased]]}}),
    } as AuditEntry;
    const salt = Buffer.from(Array.from({length: 16}, () => Math.floor(random() * 256)));
    const commitments = commitmentsOf(entry, salt);
    const hash = leafHash(entry, commitments).toString('hex');
    const sealed = {...entry, leafIndex, leafHash: hash, salt: salt.toString('hex')};
    return leafIndex === erased && leafIndex < size - 1 ? withoutValues(sealed, commitments) : sealed;
  });
  const {head, levels} = append(
    EMPTY_TREE,
    entries.map(entry => Buffer.from(entry.leafHash ?? '', 'hex')),
  );
  const read: ReadTiles = async spans =>
    spans.map(({level, index}) =>
      Buffer.concat(levels[level]?.hashes.slice(index * 256, (index + 1) * 256) ?? []),
    );
  return {entries, head, root: rootOf(head), read};
}

/** What an erasure leaves of an entry. */
export function withoutValues(entry: AuditEntry, commitments: Record<string, string>): AuditEntry {
  const gone: readonly string[] = [...ERASABLE, 'salt'];
  const kept = Object.entries(entry).filter(([property]) => !gone.includes(property));
  return {...(Object.fromEntries(kept) as unknown as AuditEntry), commitments};
}

/** Values in a random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
