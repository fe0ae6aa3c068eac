import type {juggler} from '@loopback/repository';
import type {JsonObject} from '../entry';
import type {SinkEntry} from '../sinks/audit-sink';
import {WITHHOLDING} from '../statement/withholding-sql';

export const OUTBOX_TABLE = 'audit_outbox';
export const REJECTED_TABLE = 'audit_outbox_rejected';
/** Whether the relays sleep, and must be woken. */
export const RELAY_TABLE = 'audit_outbox_relay';
/** The channel on which a commit that filled the outbox is told of. */
export const OUTBOX_CHANNEL = 'audit_outbox';

/** A UUID of version 7 (RFC 9562), made by PostgreSQL 14 and later. */
const ENTRY_ID = `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid`;

/**
 * The statements that make the outbox and the table of what was rejected from it (PostgreSQL 14 or later), in
 * the order in which they must run; each may run again. They take no lock of any other table.
 */
export const CREATE_OUTBOX = [
  `CREATE TABLE IF NOT EXISTS ${OUTBOX_TABLE} (
     position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     entry          json        NOT NULL,
     entry_id       uuid        NOT NULL DEFAULT ${ENTRY_ID},
     entity_id      text,
     before         json,
     after          json,
     changed_fields text[],
     created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
   )`,
  `CREATE TABLE IF NOT EXISTS ${REJECTED_TABLE} (
     position    bigint      PRIMARY KEY,
     entry       json        NOT NULL,
     reason      text        NOT NULL,
     rejected_at timestamptz NOT NULL DEFAULT clock_timestamp()
   )`,
  `CREATE TABLE IF NOT EXISTS ${RELAY_TABLE} (
     only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
     asleep   boolean NOT NULL DEFAULT true
   )`,
  `INSERT INTO ${RELAY_TABLE} DEFAULT VALUES ON CONFLICT DO NOTHING`,
  ...WITHHOLDING,
  // Commits that notify wait for one another, so only those notify that must wake a relay.
  `CREATE OR REPLACE FUNCTION audit_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF (SELECT asleep FROM ${RELAY_TABLE}) THEN PERFORM pg_notify('${OUTBOX_CHANNEL}', ''); END IF;
     RETURN NULL;
   END $$`,
  `CREATE OR REPLACE TRIGGER audit_outbox_notify AFTER INSERT ON ${OUTBOX_TABLE}
     FOR EACH STATEMENT EXECUTE FUNCTION audit_outbox_notify()`,
] as const;

/** Puts entries, given as one JSON array, into the outbox. */
export const FILL_OUTBOX = `INSERT INTO ${OUTBOX_TABLE} (entry) SELECT entry FROM json_array_elements($1::json) AS entry`;

/** What a row of the outbox says: one whole entry, or what its statement's entries share and one change. */
export interface OutboxRow {
  entry: SinkEntry | Omit<SinkEntry, 'id' | 'actedAt'>;
  entry_id: string;
  entity_id: string | null;
  before: JsonObject | null;
  after: JsonObject | null;
  changed_fields: string[] | null;
  created: string;
}

/** The columns of the outbox from which {@link outboxEntry} makes the entry. */
export const OUTBOX_COLUMNS = `entry, entry_id, entity_id, before, after, changed_fields,
  to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created`;

/** The entry of a row of the outbox. */
export function outboxEntry(row: OutboxRow): SinkEntry {
  const {entry, before, after} = row;
  if (row.entity_id === null || row.changed_fields === null) return entry as SinkEntry;
  return {
    ...entry,
    id: row.entry_id,
    actedAt: row.created,
    entityId: row.entity_id,
    ...(before && {before}),
    ...(after && {after}),
    changedFields: row.changed_fields,
  } as SinkEntry;
}

/** Held while the statements run, so that processes which start at once take turns. */
const CREATE_LOCK = 4_027_118_332;

/** Makes the outbox on a datasource of `loopback-connector-postgresql`. Any number of processes may do so at once. */
export async function createOutbox(dataSource: juggler.DataSource): Promise<void> {
  const transaction = await dataSource.beginTransaction({});
  try {
    await dataSource.execute('SELECT pg_advisory_xact_lock($1)', [CREATE_LOCK], {transaction});
    for (const statement of CREATE_OUTBOX) await dataSource.execute(statement, [], {transaction});
    await transaction.commit();
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}
