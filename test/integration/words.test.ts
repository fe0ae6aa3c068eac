import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {admit} from '../../dist/admission/admit';
import {NEWEST_FIRST} from '../../dist/query/order';
import {readWhere} from '../../dist/query/where';
import {readWebSearch} from '../../dist/query/words';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {leafRow} from '../../dist/repositories/leaf-row';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let auditLogs: AuditTrailRepository;
before(async () => {
  db = await createTestDatabase();
  auditLogs = new AuditTrailRepository(db.database, {queryTimeoutMs: 10_000});
});
after(() => db.drop());

const BEARER = {tenantId: 'acme', actor: 'tester', actorType: 'user'} as const;
const LONGEST = 32_768;

/** As much text as fits, of words that are all different. */
const words = (length: number, word: (n: number) => string): string => {
  const parts: string[] = [];
  for (let [n, size] = [0, 0]; size < length; n++) {
    parts.push(word(n));
    size += word(n).length + 1;
  }
  return parts.join(' ').slice(0, length);
};

const WORDS: [what: string, word: (n: number) => string][] = [
  ['short words', n => n.toString(36)],
  [
    'letters of three bytes',
    n => String.fromCharCode(0x4e00 + (n % 20_000)) + String.fromCharCode(0x4e00 + (n >> 8)),
  ],
  ['addresses of the web', n => `https://h${n.toString(36)}.example/p${n}?q=${n}`],
  ['hyphens', n => `a${n.toString(36)}-b${n.toString(36)}-c${n.toString(36)}`],
  ['addresses of mail', n => `m${n.toString(36)}@h${n.toString(36)}.example`],
  ['words of 3,000 characters', n => 'x'.repeat(3_000) + n],
  ['characters that are no words', n => String.fromCodePoint(0x1f600 + (n % 50))],
  ['tags of markup', n => `<a${n}>&amp;</a${n}>`],
];

for (const [what, word] of WORDS) {
  test(`stores and finds the longest texts of ${what}`, async () => {
    const text = words(LONGEST, word);
    const metadata = Object.fromEntries(
      Array.from({length: 100}, (_, i) => [`k${i}`, words(1_500, n => word(n + 1_000 * i))]),
    );
    const entry = {
      ...{action: 'long', description: text, reason: words(LONGEST, n => word(n + 50_000)), metadata},
      ...{actorName: `needle ${what.replaceAll(' ', '')}`, entityName: text.slice(0, 2_000)},
    };
    await auditLogs.createAll('acme', [leafRow(admit(entry as NewAuditEntry, BEARER))]);
    const condition = readWebSearch(`needle ${what.replaceAll(' ', '')}`, 'search');
    const {entries} = await auditLogs.find('acme', {condition, order: NEWEST_FIRST}, 10);
    assert.equal(entries.length, 1);
    assert.equal(entries[0]?.description, text);
  });
}

test('what an equality implies of words never hides an entry', async () => {
  const names = [
    "O'Brien-Smith",
    'a@b.example',
    '😀',
    '...',
    '<b>',
    'x'.repeat(2_048),
    'Ünïcödé Näme',
    '1.5e3',
    '/usr/bin',
  ];
  await auditLogs.createAll(
    'acme',
    names.map(actorName => leafRow(admit({action: 'named', actorName}, BEARER))),
  );
  for (const actorName of names) {
    const {entries} = await auditLogs.find(
      'acme',
      {condition: readWhere({actorName}), order: NEWEST_FIRST},
      10,
    );
    assert.deepEqual(
      entries.map(entry => entry.actorName),
      [actorName],
    );
  }
});
