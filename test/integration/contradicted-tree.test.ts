import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {logSigner} from '../../dist/integrity/log-signer';
import {TreeSweep} from '../../dist/jobs/tree-sweep';
import {HistoryGuard} from '../../dist/repositories/history-guard';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {grow, heardLogger, newKey, ORIGIN} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {tamper} from '../support/sealed-log';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let log: TransparencyLog;
let guard: HistoryGuard;
const told: string[] = [];
before(async () => {
  db = await createTestDatabase();
  guard = new HistoryGuard(db.database, undefined, (tenantId, isRewritten, reason) =>
    told.push(`${tenantId} ${isRewritten} ${reason}`),
  );
  log = new TransparencyLog(db.database, logSigner(ORIGIN, [newKey()]), guard);
});
after(() => db.drop());

const SIGNED = 300;
const TILE = `tenant_id = $tenant AND level = 0 AND index = 1`;
const EVERYTHING = ['audit_trees', 'audit_tiles', 'audit_logs'].map(
  table => `DELETE FROM ${table} WHERE tenant_id = $tenant`,
);

/** What a superuser does to a tree that is signed at 300, and what is said of it when it is to be signed again. */
const CONTRADICTIONS: {
  name: string;
  statements: string[];
  entries: number;
  reason: RegExp;
  refuses?: true;
}[] = [
  {
    name: 'a head with one entry less',
    statements: ['UPDATE audit_trees SET size = 299 WHERE tenant_id = $tenant'],
    ...{entries: 1, reason: /has 299 entries where 300 were signed/, refuses: true},
  },
  {
    name: 'a head with one entry more',
    statements: ['UPDATE audit_trees SET size = 301 WHERE tenant_id = $tenant'],
    ...{entries: 0, reason: /has lost tiles of its first 301 entries/},
  },
  {
    name: 'a head of nothing',
    statements: ["UPDATE audit_trees SET size = 0, frontier = '' WHERE tenant_id = $tenant"],
    ...{entries: 1, reason: /has 0 entries where 300 were signed/, refuses: true},
  },
  {
    name: 'a head that is gone',
    statements: ['DELETE FROM audit_trees WHERE tenant_id = $tenant'],
    ...{entries: 1, reason: /has 0 entries where 300 were signed/, refuses: true},
  },
  {
    name: 'a head of other hashes',
    statements: [
      "UPDATE audit_trees SET frontier = overlay(frontier PLACING '\\x00' FROM 1) WHERE tenant_id = $tenant",
    ],
    ...{entries: 1, reason: /does not continue the 300 entries that were signed/},
  },
  {
    name: 'a tree begun anew beside its checkpoints',
    statements: EVERYTHING,
    ...{entries: 1, reason: /has 1 entries where 300 were signed/},
  },
  {
    name: 'a larger tree begun anew beside its checkpoints',
    statements: EVERYTHING,
    ...{entries: 301, reason: /does not continue the 300 entries that were signed/},
  },
  {
    name: 'a tile of other hashes',
    statements: [`UPDATE audit_tiles SET hashes = overlay(hashes PLACING '\\x00' FROM 1) WHERE ${TILE}`],
    ...{entries: 1, reason: /does not continue the 300 entries that were signed/},
  },
  {
    name: 'a tile that is gone',
    statements: [`DELETE FROM audit_tiles WHERE ${TILE}`],
    ...{entries: 1, reason: /has lost tiles of its first 301 entries/},
  },
  {
    name: 'a checkpoint that is none',
    statements: ["UPDATE audit_checkpoints SET note = 'none' WHERE tenant_id = $tenant"],
    ...{entries: 1, reason: /has a checkpoint that cannot be read/},
  },
];

const coded = (code: string) => (error: {code?: string}) => error.code === code;
const sizes = async (tenantId: string) =>
  (
    await db.admin.query('SELECT size::int FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY size', [
      tenantId,
    ])
  ).rows.map(({size}) => size);

describe('what contradicts the newest checkpoint in the database is not signed', () => {
  for (const [i, {name, statements, entries, reason, refuses}] of CONTRADICTIONS.entries()) {
    test(name, async () => {
      const tenantId = `tenant-${i}`;
      await grow(db.database, tenantId, SIGNED);
      await log.checkpoint(tenantId);
      await tamper(db.admin, ...statements.map(each => each.replace('$tenant', `'${tenantId}'`)));
      if (refuses) {
        await assert.rejects(log.checkpoint(tenantId), coded('HISTORY_REWRITTEN'));
        await assert.rejects(grow(db.database, tenantId, entries), coded('TREE_DAMAGED'));
      } else if (entries > 0) await grow(db.database, tenantId, entries);
      await assert.rejects(log.checkpoint(tenantId), coded('HISTORY_REWRITTEN'));
      assert.match(told.at(-1) ?? '', reason);
      assert.equal(guard.count, i + 1);
      assert.deepEqual(await sizes(tenantId), [SIGNED]);
    });
  }

  test('it is found by the sweep, and trusted again once it was mended', async () => {
    const tenantId = 'mended';
    await grow(db.database, tenantId, SIGNED);
    await log.checkpoint(tenantId);
    const size = (entries: number) =>
      tamper(db.admin, `UPDATE audit_trees SET size = ${entries} WHERE tenant_id = '${tenantId}'`);
    await size(299);
    assert.ok((await log.unsigned()).includes(tenantId));
    await assert.rejects(log.checkpoint(tenantId), coded('HISTORY_REWRITTEN'));
    await size(SIGNED);
    await assert.rejects(log.checkpoint(tenantId), coded('HISTORY_REWRITTEN'), 'until it is looked at again');
    const stopping = new AbortController();
    const {logger} = heardLogger();
    const sweeping = new TreeSweep({log, guard, notes: undefined, logger}, 10).run(() => {}, stopping.signal);
    await eventually('it is trusted again', async () =>
      told.at(-1) === `${tenantId} false ` ? true : undefined,
    );
    stopping.abort();
    await sweeping;
    await grow(db.database, tenantId, 1);
    await log.checkpoint(tenantId);
    assert.deepEqual(await sizes(tenantId), [SIGNED, SIGNED + 1]);
  });
});
