import {type Admitted} from '../admission/admit';
import {AuditError} from '../errors';
import {currentTime} from '../models/time';
import type {Database, Session, TransactionOptions} from './database';
import {leafRow} from './leaf-row';
import {ensurePartitions, hasMoved} from './partitions';
import {storeEntries} from './store-entries';

/** What a transaction has done, and the entries that tell of it. */
export interface Told<T> {
  result: T;
  entries: readonly Admitted[];
}

/**
 * Does something, and tells of it in the trail, in one transaction: neither is there without the other.
 *
 * @param work is done in the role of the writer, and leaves it in that role; it may be done a second time, after nothing
 * of the first has been kept
 */
export async function toldInTrail<T>(
  database: Database,
  options: Omit<TransactionOptions, 'role'>,
  work: (session: Session) => Promise<Told<T>>,
): Promise<T> {
  const {tenantId} = options;
  const once = async () => {
    const partitionOf = await ensurePartitions(database, tenantId, [currentTime()]);
    return database.transaction({...options, role: 'audit_writer'}, async session => {
      const done = await work(session);
      if (done.entries.length === 0) return done;
      const rows = done.entries.map(each => leafRow(each));
      const [outcome] = await storeEntries(session, tenantId, [rows], partitionOf);
      if (outcome instanceof AuditError) throw outcome;
      return done;
    });
  };
  const {result, entries} = await once().catch(error => {
    // Partitions come and go without asking a writer.
    if (!hasMoved(database, error)) throw error;
    return once();
  });
  database.growth.tell(tenantId, entries.length);
  return result;
}
