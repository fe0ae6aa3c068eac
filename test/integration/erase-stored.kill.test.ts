import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {startChildService} from '../support/child-service';
import {placesOf} from '../support/every-text';
import {createTestDatabase} from '../support/test-database';

const ENTRIES = 6_000;
const VALUE = 'Zacharias-Quentin-Whitlock';

test('an erasure that is killed between its pages is finished by the next, and each leaf is told of once', async t => {
  const db = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'audit-erase-kill-'));
  t.after(async () => {
    await db.drop();
    await rm(folder, {recursive: true, force: true});
  });
  const body = {dataSubjectId: '7', reason: 'asked for'};
  let service = await startChildService(db, folder);
  const batch = Array.from({length: ENTRIES}, () => ({action: 'a.b', dataSubjectId: '7', reason: VALUE}));
  assert.equal((await service.send('/audit-logs/batch', {body: batch})).status, 200);
  const left = async () =>
    (
      await db.admin.query(
        "SELECT count(*)::int AS n FROM audit_logs WHERE action = 'a.b' AND commitments IS NULL",
      )
    ).rows[0].n as number;
  const erasing = service.send('/audit-logs/erasure', {body}).catch(() => undefined);
  while ((await left()) === ENTRIES) await sleep(2);
  await service.kill('SIGKILL');
  await erasing;
  const after = await left();
  assert.ok(after > 0 && after < ENTRIES, `${after} were left`);
  assert.equal(after % 500, 0, 'a page is erased whole');

  service = await startChildService(db, folder);
  const {json} = await service.send('/audit-logs/erasure', {body});
  assert.equal((json as {numberOfEntriesErased: number}).numberOfEntriesErased, after);
  await service.kill('SIGTERM');
  assert.deepEqual(await placesOf(db.admin, VALUE), []);
  const {rows} = await db.admin.query(
    "SELECT metadata->'leaves' AS leaves FROM audit_logs WHERE action = 'audit.log.erase'",
  );
  const ranges = rows.flatMap(({leaves}) => leaves as [number, number][]).sort(([a], [b]) => a - b);
  const told = ranges.flatMap(([first, last]) => Array.from({length: last - first + 1}, (_, i) => first + i));
  assert.deepEqual(told, [...new Set(told)]);
  assert.equal(told.length, ENTRIES);
});
