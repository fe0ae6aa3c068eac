import type {Forward, Rejected, Relayed} from '@loopback-audit/audit-log';
import type {ClientBase} from 'pg';
import {type Admitted, admit} from '../admission/admit';
import {AuditError} from '../errors';
import type {Database} from './database';
import {leafRow} from './leaf-row';
import {ensurePartitions, hasMoved, type PartitionOf} from './partitions';
import {newIn, storeEntries} from './store-entries';

/** An entry of the outbox that has passed the gate. */
interface Admissible {
  relayed: Relayed;
  tenantId: string;
  admitted: Admitted;
}

/**
 * Takes entries from an outbox into the trail of the same database, in the transaction that removes them from
 * the outbox: each is stored exactly once. What the gate refuses, or whose id another entry has, is rejected.
 *
 * @param onlyTenant whose trail all entries enter, whatever tenant they name; without it each enters that of the
 *   tenant it names, and is rejected where it names none
 */
export function relayIntoTrail(database: Database, onlyTenant?: string): Forward {
  return async (relayed, client) => {
    const {admissible, rejected} = throughTheGate(relayed, onlyTenant);
    // All of them before the first tree is locked: this transaction must not stand in the way of its own partitions.
    const times = admissible.map(({admitted}) => admitted.entry.actedAt);
    const [first] = admissible;
    if (!first) return rejected;
    const partitionOf = await ensurePartitions(database, first.tenantId, times);
    for (const [tenantId, entries] of byTenant(admissible)) {
      rejected.push(
        ...(await store(database, client as unknown as ClientBase, tenantId, entries, partitionOf)),
      );
    }
    return rejected;
  };
}

function throughTheGate(relayed: readonly Relayed[], onlyTenant: string | undefined) {
  const admissible: Admissible[] = [];
  const rejected: Rejected[] = [];
  for (const each of relayed) {
    const tenantId = onlyTenant ?? each.entry.tenantId;
    try {
      if (tenantId === undefined) throw new AuditError('INVALID_ENTRY', 'The entry names no tenant.');
      const bearer = {tenantId, actor: 'system', actorType: 'system'} as const;
      admissible.push({relayed: each, tenantId, admitted: admit({...each.entry, tenantId}, bearer)});
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      rejected.push({...each, reason: reasonOf(error)});
    }
  }
  return {admissible, rejected};
}

/** Stores entries of one tenant together; one that is refused takes no other with it. */
async function store(
  database: Database,
  client: ClientBase,
  tenantId: string,
  entries: readonly Admissible[],
  partitionOf: PartitionOf,
): Promise<Rejected[]> {
  const rows = entries.map(({admitted}) => [leafRow(admitted)]);
  const session = database.adopt(client, {role: 'audit_writer', tenantId});
  try {
    const outcomes = await storeEntries(session, tenantId, rows, partitionOf);
    session.defer({text: 'SET LOCAL ROLE NONE'});
    session.defer({text: 'SET LOCAL search_path TO DEFAULT'});
    await session.flush();
    database.growth.tell(tenantId, newIn(outcomes));
    return entries.flatMap(({relayed}, i) => {
      const outcome = outcomes[i];
      return outcome instanceof AuditError ? [{...relayed, reason: reasonOf(outcome)}] : [];
    });
  } catch (error) {
    // Partitions come and go; the relay begins anew.
    hasMoved(database, error);
    throw error;
  }
}

const reasonOf = ({message, details}: AuditError): string =>
  [message, ...details.map(detail => `${detail.field} ${detail.message}`)].join(' ');

function byTenant(entries: readonly Admissible[]): Map<string, Admissible[]> {
  const groups = new Map<string, Admissible[]>();
  for (const entry of entries) groups.set(entry.tenantId, [...(groups.get(entry.tenantId) ?? []), entry]);
  return groups;
}
