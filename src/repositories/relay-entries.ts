import type {Forward, Rejected, Relayed} from '@loopback-audit/audit-log';
import type {ClientBase} from 'pg';
import {type Admitted, admit} from '../admission/admit';
import {AuditError} from '../errors';
import type {Database} from './database';
import {ensurePartitions} from './ensure-partitions';
import {storeEntries} from './store-entries';

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
    for (const [tenantId, entries] of byTenant(admissible)) {
      const times = entries.map(({admitted}) => admitted.entry.actedAt);
      await ensurePartitions(database, tenantId, times);
      rejected.push(...(await store(database, client as unknown as ClientBase, tenantId, entries)));
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

/** Stores entries of one tenant together or, where one of them is refused, each by itself. */
async function store(
  database: Database,
  client: ClientBase,
  tenantId: string,
  entries: readonly Admissible[],
): Promise<Rejected[]> {
  await client.query('SAVEPOINT relayed');
  try {
    const session = await database.adopt(client, {role: 'audit_writer', tenantId});
    await storeEntries(
      session,
      tenantId,
      entries.map(({admitted}) => admitted),
    );
    await client.query('SET LOCAL ROLE NONE; SET LOCAL search_path TO DEFAULT');
    return [];
  } catch (error) {
    if (!(error instanceof AuditError && error.code === 'ID_CONFLICT')) throw error;
    await client.query('ROLLBACK TO SAVEPOINT relayed');
    const [only] = entries;
    if (only && entries.length === 1) return [{...only.relayed, reason: reasonOf(error)}];
    const rejected: Rejected[] = [];
    for (const entry of entries) rejected.push(...(await store(database, client, tenantId, [entry])));
    return rejected;
  }
}

const reasonOf = ({message, details}: AuditError): string =>
  [message, ...details.map(detail => `${detail.field} ${detail.message}`)].join(' ');

function byTenant(entries: readonly Admissible[]): Map<string, Admissible[]> {
  const groups = new Map<string, Admissible[]>();
  for (const entry of entries) groups.set(entry.tenantId, [...(groups.get(entry.tenantId) ?? []), entry]);
  return groups;
}
