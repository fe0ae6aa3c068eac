import assert from 'node:assert/strict';
import {readArchive, verifyArchive} from '../../dist/archive/archive-reader';
import type {ObjectStore} from '../../dist/archive/object-store';
import type {TestDatabase} from './test-database';

/** Where every entry is: how often in the database, and how often in archive files. */
export interface Whereabouts {
  stored: Map<string, number>;
  archived: Map<string, number>;
}

/** Looks into the database and into every recorded archive file, each of which is proved on the way. */
export async function whereabouts({admin}: TestDatabase, store: ObjectStore): Promise<Whereabouts> {
  const stored = new Map<string, number>();
  const archived = new Map<string, number>();
  const add = (to: Map<string, number>, id: string) => to.set(id, (to.get(id) ?? 0) + 1);
  for (const {id} of (await admin.query('SELECT id FROM audit_logs')).rows) add(stored, id);
  const {rows} = await admin.query(
    'SELECT file_name, entries::int, bytes::int, sha256, state, removed::int FROM mapping_logs',
  );
  for (const {file_name: key, entries, bytes, sha256, state, removed} of rows) {
    assert.equal(state, 'done');
    assert.equal(removed, entries);
    await verifyArchive(store, key, {entries, bytes, sha256});
    for await (const page of readArchive(store, key)) for (const {id} of page) add(archived, id);
  }
  return {stored, archived};
}

/** Every entry is in exactly one place, once; and there is no entry that was never sent. */
export function assertExactlyOnce(
  {stored, archived}: Whereabouts,
  acknowledged: Iterable<string>,
  sent: ReadonlySet<string>,
): void {
  const places = (id: string) => (stored.get(id) ?? 0) + (archived.get(id) ?? 0);
  const wrong = [...acknowledged].filter(id => places(id) !== 1);
  assert.deepEqual(
    wrong.map(id => `${id}: ${stored.get(id) ?? 0} stored, ${archived.get(id) ?? 0} archived`),
    [],
  );
  const strange = [...stored.keys(), ...archived.keys()].filter(id => !sent.has(id) || places(id) !== 1);
  assert.deepEqual(strange, []);
}
