import assert from 'node:assert/strict';
import {generateKeyPairSync} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {csvFormat} from '../../dist/export/csv';
import type {ExportFormat} from '../../dist/export/export-format';
import {ndjsonFormat} from '../../dist/export/ndjson';
import type {Finding} from '../../dist/integrity/findings';
import {logSigner} from '../../dist/integrity/log-signer';
import type {LogReport} from '../../dist/integrity/report';
import {EVERYTHING} from '../../dist/models/condition';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {AuditTrailRepository} from '../../dist/repositories/audit-trail.repository';
import {StoredLog} from '../../dist/repositories/stored-log';
import {readTiles} from '../../dist/repositories/tree-rows';
import {verifyStoredLog} from '../../dist/verification/verify-database';
import {verifyFiles} from '../../dist/verification/verify-files';
import {layOut} from '../support/mirrored-log';
import {rewriteLog} from '../support/rewrite-log';
import {SIGNER, sealLogs, tamper} from '../support/sealed-log';
import {type Expected, SIZE} from '../support/tampering';
import {TAMPERINGS} from '../support/tamperings';
import {copyOf, createTestDatabase, type TestDatabase} from '../support/test-database';
import {ScratchFolder} from '../unit/scratch-folder';

const {keys} = SIGNER;
const TENANTS = ['acme', 'rival', 'tiny'];
const folder = new ScratchFolder();
const tiles = join(folder.path, 'mirror');
let pristine: TestDatabase;
before(async () => {
  pristine = await createTestDatabase();
  await sealLogs(pristine.database, pristine.admin);
  const note = await checkpointOf(pristine, SIZE);
  const read = (spans: Parameters<typeof readTiles>[2]) =>
    pristine.database.transaction({role: 'audit_reader', tenantId: 'acme'}, session =>
      readTiles(session, 'acme', spans),
    );
  await layOut(tiles, SIZE, read, note);
  writeFileSync(join(folder.path, 'older'), await checkpointOf(pristine, 400));
});
after(async () => {
  await pristine.drop();
  folder.remove();
});

async function checkpointOf({admin}: TestDatabase, size: number): Promise<string> {
  const {rows} = await admin.query(
    "SELECT note FROM audit_checkpoints WHERE tenant_id = 'acme' AND size = $1",
    [size],
  );
  return rows[0].note;
}

/** A copy of the sealed logs, for one test. */
async function withCopy(work: (copy: TestDatabase) => Promise<void>): Promise<void> {
  const copy = await copyOf(pristine);
  try {
    await work(copy);
  } finally {
    await copy.drop();
  }
}

const judged = (copy: TestDatabase, tenantId: string, against: string[] = []): Promise<LogReport> =>
  verifyStoredLog(copy.database, tenantId, {keys, against: against.map(note => ({note, place: 'kept'}))});

/** The stored entries of `acme` in the order of their leaves. */
const entriesOf = (copy: TestDatabase): Promise<AuditEntry[]> =>
  copy.database.transaction({role: 'audit_reader', tenantId: 'acme'}, async session => {
    const entries: AuditEntry[] = [];
    for await (const page of new StoredLog(session, 'acme').entries()) {
      entries.push(...page.map(({entry}) => entry));
    }
    return entries;
  });

const order = ENTRY_COLUMNS.filter(({property}) => property === 'id').map(column => ({
  column,
  descending: false,
}));

async function exported(copy: TestDatabase, format: ExportFormat): Promise<string> {
  const trail = new AuditTrailRepository(copy.database, {queryTimeoutMs: 10_000});
  const file = join(folder.path, `acme.${format.extension}`);
  await writeFile(file, format.write(trail.stream('acme', {condition: EVERYTHING, order})));
  return file;
}

function assertFound(report: LogReport, expected: readonly Expected[], what: string): void {
  const told = `${what}: ${JSON.stringify(report.findings.slice(0, 5))}`;
  const kinds = (findings: readonly {kind: string}[]) => [...new Set(findings.map(({kind}) => kind))].sort();
  assert.deepEqual(kinds(report.findings), kinds(expected), told);
  for (const {kind, leaves, field} of expected) {
    const isIt = (finding: Finding) =>
      finding.kind === kind &&
      (!leaves || String(finding.leaves) === String(leaves)) &&
      (field === undefined || finding.field === field);
    assert.ok(report.findings.some(isIt), `${told} lacks ${kind} ${leaves} ${field}`);
  }
}

describe('a log that nobody has touched', () => {
  test('is proved, as it is stored and as it is exported', async () => {
    for (const tenantId of TENANTS) {
      const report = await judged(pristine, tenantId);
      assert.deepEqual([report.verdict, report.findings], ['proved', []]);
      assert.equal(report.proved, report.entries);
    }
    for (const format of [ndjsonFormat, csvFormat]) {
      const file = await exported(pristine, format);
      for (const options of [{tiles}, {checkpoint: join(tiles, 'checkpoint')}]) {
        const against = [join(folder.path, 'older')];
        const report = await verifyFiles([file], {keys, against, ...options});
        assert.deepEqual([report.verdict, report.proved, report.findings], ['proved', SIZE, []]);
      }
    }
  });
});

describe('a log that was rewritten by whoever has the database and the key', () => {
  const rewritten: Record<string, {sql: string; rest: (entries: AuditEntry[]) => AuditEntry[]}> = {
    'an entry changed, and all that follows from it': {
      sql: "UPDATE audit_logs SET actor = 'mallory' WHERE tenant_id = 'acme' AND leaf_index = 5",
      rest: entries => entries,
    },
    'an entry left out': {
      sql: "DELETE FROM audit_logs WHERE tenant_id = 'acme' AND leaf_index = 50",
      rest: entries => entries,
    },
    'the last entries cut off': {
      sql: "DELETE FROM audit_logs WHERE tenant_id = 'acme' AND leaf_index >= 650",
      rest: entries => entries,
    },
    'two entries in another order': {
      sql: 'SELECT',
      rest: ([first, second, ...entries]) => [second, first, ...entries] as AuditEntry[],
    },
  };
  for (const [name, {sql, rest}] of Object.entries(rewritten)) {
    test(`${name}: found by a checkpoint that somebody has kept, and by nothing else`, () =>
      withCopy(async copy => {
        const [older, newest] = [await checkpointOf(copy, 400), await checkpointOf(copy, SIZE)];
        await tamper(copy.admin, sql);
        await rewriteLog(copy.admin, 'acme', rest(await entriesOf(copy)));
        assertFound(await judged(copy, 'acme'), [], 'without');
        assertFound(await judged(copy, 'acme', [newest]), [{kind: 'inconsistent checkpoints'}], 'newest');
        const cutOff = name.startsWith('the last');
        assertFound(
          await judged(copy, 'acme', [older]),
          cutOff ? [] : [{kind: 'inconsistent checkpoints'}],
          'older',
        );
        const {rows} = await copy.admin.query("SELECT note FROM audit_checkpoints WHERE tenant_id = 'acme'");
        const checkpoint = folder.write('rewritten', rows[0].note);
        const against = [folder.write('kept', `${older}\n${newest}`)];
        const file = await exported(copy, ndjsonFormat);
        assertFound(await verifyFiles([file], {keys, checkpoint}), [], 'file');
        const report = await verifyFiles([file], {keys, checkpoint, against});
        // A file with fewer entries than were signed may be an export from before: that is not shown.
        const notShown = cutOff || name === 'an entry left out' ? 1 : 0;
        const inconsistent = cutOff ? 0 : 2 - notShown;
        assert.deepEqual(report.found, {
          ...(inconsistent > 0 && {'inconsistent checkpoints': inconsistent}),
          ...(notShown > 0 && {'history not shown': notShown}),
        });
      }));
  }

  test('by another key: nothing of it is proved', () =>
    withCopy(async copy => {
      const other = logSigner(SIGNER.origin, [generateKeyPairSync('ed25519').privateKey]);
      const report = await verifyStoredLog(copy.database, 'acme', {keys: other.keys});
      assertFound(report, [{kind: 'unknown key'}, {kind: 'tail unknown'}], 'other key');
      assert.equal(report.proved, 0);
    }));
});

describe('a log that was tampered with', () => {
  test('in more than forty ways', () => assert.ok(TAMPERINGS.length > 80, `${TAMPERINGS.length}`));

  for (const {name, sql, acme = [], rival = [], exported: inFiles} of TAMPERINGS) {
    test(name, () =>
      withCopy(async copy => {
        await tamper(copy.admin, ...sql);
        assertFound(await judged(copy, 'acme'), acme, 'database');
        assertFound(await judged(copy, 'rival'), rival, 'rival');
        if (!inFiles) return;
        for (const format of [ndjsonFormat, csvFormat]) {
          const file = await exported(copy, format);
          assertFound(await verifyFiles([file], {keys, tiles}), inFiles, format.name);
          const untiled = await verifyFiles([file], {keys, checkpoint: join(tiles, 'checkpoint')});
          assert.equal(untiled.verdict, 'faulty', format.name);
        }
      }),
    );
  }
});
