import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Pool} from 'pg';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {type LogSigner, logSigner} from '../../dist/integrity/log-signer';
import {TreeSweep} from '../../dist/jobs/tree-sweep';
import {Database} from '../../dist/repositories/database';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {grow, heardLogger, newKey, ORIGIN, testPublisher} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {tamper} from '../support/sealed-log';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

const REFUSED = {code: '42501'};
const signer = logSigner(ORIGIN, [newKey()]);

/** The sizes that were signed of a tenant's tree. */
async function signed(tenantId: string): Promise<number[]> {
  const {rows} = await db.admin.query(
    'SELECT size::int, note FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY size',
    [tenantId],
  );
  for (const {size, note} of rows) {
    const opened = openCheckpoint(note, signer.keys);
    assert.deepEqual(
      [opened?.verdict, opened?.size, opened?.origin],
      ['valid', size, `${ORIGIN}/tenant/${tenantId}`],
    );
  }
  return rows.map(({size}) => size);
}

/** Another process would have its own connections. */
function secondProcess(): Database {
  const {ssl: _ssl, ...connection} = db.settings;
  const pool = new Pool({...connection, max: 5});
  pool.on('error', () => {});
  after(() => pool.end());
  return new Database(async () => pool);
}

describe('checkpoints', () => {
  test('are signed of every tree that has grown, while it grows, without being asked for', async () => {
    const {publisher} = testPublisher(db.database, {signer});
    publisher.start();
    for (let i = 1; i <= 3; i++) {
      for (const tenantId of ['a', 'b']) await grow(db.database, tenantId);
      await eventually('both are signed', async () =>
        (await signed('a')).includes(i) && (await signed('b')).includes(i) ? true : undefined,
      );
    }
    await publisher.stop();
    assert.deepEqual(await signed('a'), [1, 2, 3], 'and not again where nothing has come');
  });

  test('are signed at once where much has come, and what is left before the end', async () => {
    const {publisher} = testPublisher(db.database, {signer}, {intervalMs: 60_000, entries: 100});
    publisher.start();
    await grow(db.database, 'much', 100);
    await eventually('it is signed', async () => ((await signed('much')).includes(100) ? true : undefined));
    await grow(db.database, 'much', 1);
    await grow(db.database, 'left', 1);
    await publisher.stop();
    assert.deepEqual([await signed('much'), await signed('left')], [[100, 101], [1]]);
  });

  test('are signed by several processes at once, one for each size', async () => {
    const [one, other] = [db.database, secondProcess()];
    const publishers = [one, other].map(database => testPublisher(database, {signer}, {intervalMs: 5}));
    for (const {publisher} of publishers) publisher.start();
    for (let i = 0; i < 20; i++) await Promise.all([grow(one, 'shared'), grow(other, 'shared')]);
    for (const {publisher} of publishers) await publisher.stop();
    assert.equal((await signed('shared')).at(-1), 40);
    assert.deepEqual(
      publishers.flatMap(({lines}) => lines),
      [],
    );
  });

  test('are found missing where another process has ended without signing', async () => {
    await grow(db.database, 'left-behind', 3);
    const {publisher} = testPublisher(db.database, {signer}, {sweepMs: 20});
    publisher.start();
    await eventually('it is signed', async () =>
      (await signed('left-behind')).length > 0 ? true : undefined,
    );
    await grow(secondProcess(), 'left-behind', 2);
    await eventually('it is signed again', async () =>
      (await signed('left-behind')).at(-1) === 5 ? true : undefined,
    );
    await publisher.stop();
  });

  test('are left to whoever asks where there is no key, or no interval', async () => {
    const unsigned = testPublisher(db.database, {log: new TransparencyLog(db.database, undefined)});
    unsigned.publisher.start();
    const off = testPublisher(db.database, {signer}, {intervalMs: 0});
    off.publisher.start();
    await grow(db.database, 'asked');
    await sleep(100);
    await off.publisher.stop();
    await unsigned.publisher.stop();
    assert.deepEqual(await signed('asked'), []);
    await off.log.checkpoint('asked');
    assert.deepEqual(await signed('asked'), [1]);
  });

  test('are signed again after a signer has failed: it is said once, and counted each time', async () => {
    let calls = 0;
    const [key] = signer.keys;
    assert.ok(key);
    const flaky: LogSigner = {
      origin: ORIGIN,
      keys: [
        {
          ...key,
          async sign(text) {
            await sleep(5);
            if (calls++ < 4) throw new Error('The key management service is away.');
            return key.sign(text);
          },
        },
      ],
    };
    const {publisher, counts, lines} = testPublisher(db.database, {signer: flaky});
    publisher.start();
    await grow(db.database, 'flaky');
    await eventually('it is signed', async () => ((await signed('flaky')).includes(1) ? true : undefined));
    await publisher.stop();
    assert.ok(counts.failed >= 4 && counts.signed >= 1, JSON.stringify(counts));
    assert.deepEqual(
      lines.map(({msg}) => msg),
      ['a checkpoint could not be signed or kept', 'checkpoints are signed and kept again'],
    );
  });
});

describe('old checkpoints', () => {
  const HOUR = 3_600_000;
  test('go but for the last of each hour after a day, and of each day after 90', async () => {
    const now = Math.floor(Date.now() / HOUR) * HOUR;
    const at = (hours: number, minutes: number) =>
      new Date(now - hours * HOUR + minutes * 60_000).toISOString();
    const midnight = Math.floor((Date.now() - 100 * 24 * HOUR) / (24 * HOUR)) * 24 * HOUR;
    const dayAgo = (hour: number) => new Date(midnight + hour * HOUR).toISOString();
    const times = [
      ...[dayAgo(1), dayAgo(5), dayAgo(23)],
      ...[at(50, 1), at(50, 30), at(50, 59), at(49, 1)],
      ...[at(1, 1), at(1, 2)],
    ];
    for (const [i, time] of times.entries()) {
      await db.admin.query("INSERT INTO audit_checkpoints VALUES ('old', $1, 'note', $2)", [i + 1, time]);
    }
    const {log} = testPublisher(db.database, {signer});
    await log.thin('old');
    await log.thin('old');
    const {rows} = await db.admin.query(
      "SELECT size::int FROM audit_checkpoints WHERE tenant_id = 'old' ORDER BY size",
    );
    assert.deepEqual(
      rows.map(({size}) => size),
      [3, 6, 7, 8, 9],
    );
  });

  test('are looked after where the tree has grown', async () => {
    const log = new TransparencyLog(db.database, signer);
    for (let size = 1; size <= 2; size++) {
      await grow(db.database, 'grown', 1);
      await log.checkpoint('grown');
    }
    const past = "UPDATE audit_checkpoints SET signed_at = '2026-01-01T05:00:00Z' WHERE tenant_id = 'grown'";
    await tamper(db.admin, past);
    const {logger} = heardLogger();
    const sweep = new TreeSweep({log, guard: undefined, notes: undefined, logger}, 20, 0);
    const {publisher} = testPublisher(db.database, {signer, log, sweep});
    publisher.start();
    await grow(db.database, 'grown', 1);
    await eventually('the older one is gone', async () => {
      const {rows} = await db.admin.query(
        "SELECT size::int FROM audit_checkpoints WHERE tenant_id = 'grown' ORDER BY size",
      );
      return rows.map(({size}) => size).join() === '2,3' ? true : undefined;
    });
    await publisher.stop();
  });

  test('are refused to everybody otherwise, and so is every change but a further signature', async () => {
    await grow(db.database, 'kept', 2);
    await testPublisher(db.database, {signer}).log.checkpoint('kept');
    const line = `— witness.example ${Buffer.alloc(76).toString('base64')}\n`;
    const {rows} = await db.admin.query("SELECT note FROM audit_checkpoints WHERE tenant_id = 'kept'");
    const {note} = rows[0];
    const asOwner = async (sql: string, values: unknown[] = []) => {
      const client = await db.admin.connect();
      try {
        await client.query('SET ROLE audit_owner');
        await client.query(sql, values);
      } finally {
        client.release(true);
      }
    };
    const where = "WHERE tenant_id = 'kept'";
    for (const sql of [
      `DELETE FROM audit_checkpoints ${where}`,
      'TRUNCATE audit_checkpoints',
      `UPDATE audit_checkpoints SET note = 'other' ${where}`,
      `UPDATE audit_checkpoints SET size = 7 ${where}`,
      `UPDATE audit_checkpoints SET note = note || 'x' ${where}`,
      `UPDATE audit_checkpoints SET note = note ${where}`,
    ]) {
      await assert.rejects(db.admin.query(sql), REFUSED, sql);
      await assert.rejects(asOwner(sql), REFUSED, sql);
    }
    const asWriter = (tenantId: string, lines: string, read = note) =>
      db.database.transaction({role: 'audit_writer', tenantId}, session =>
        session.rows("SELECT audit_cosign('kept', 2, $1, $2)", [read, lines]),
      );
    for (const bad of ['x\n', line.trimEnd(), `${line}\n`, `\n${line}`, '']) {
      await assert.rejects(asWriter('kept', bad), REFUSED, JSON.stringify(bad));
    }
    await assert.rejects(asWriter('other', line), REFUSED);
    assert.deepEqual(await asWriter('kept', line, 'another note'), [[false]]);
    assert.deepEqual(await asWriter('kept', line), [[true]]);
    const {rows: after} = await db.admin.query("SELECT note FROM audit_checkpoints WHERE tenant_id = 'kept'");
    assert.equal(after[0].note, note + line);
    assert.equal(openCheckpoint(after[0].note, signer.keys)?.verdict, 'valid');
  });
});
