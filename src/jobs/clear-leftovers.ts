import {archiveKey} from '../archive/archive-layout';
import type {ObjectStore} from '../archive/object-store';
import {findArchive, takeTurns} from '../repositories/archive-rows';
import type {Database} from '../repositories/database';

/**
 * Removes the files of an archive that are not the recorded one: those of attempts that did not commit, and the one
 * that an erasure has replaced. Nobody records another file meanwhile.
 */
export async function clearLeftovers(
  database: Database,
  store: ObjectStore,
  tenantId: string,
  id: string,
): Promise<void> {
  await database.transaction({role: 'audit_reader', tenantId, background: true}, async session => {
    await takeTurns(session, tenantId);
    const archive = await findArchive(session, tenantId, id);
    if (!archive) return;
    const ofThisArchive = archiveKey(tenantId, archive.firstActedAt, id).replace(/\.csv\.gz$/, '');
    for await (const {key} of store.list(ofThisArchive)) {
      if (key !== archive.fileName) await store.delete(key);
    }
  });
}
