import type {juggler} from '@loopback/repository';
import {MASKED_PARTS as PARTS, WITHHELD, MASKED_WORDS as WORDS} from '../diff/mask';

export const OUTBOX_TABLE = 'audit_outbox';
export const REJECTED_TABLE = 'audit_outbox_rejected';
/** Whether the relays sleep, and must be woken. */
export const RELAY_TABLE = 'audit_outbox_relay';
/** The channel on which a commit that filled the outbox is told of. */
export const OUTBOX_CHANNEL = 'audit_outbox';

/**
 * The statements that make the outbox and the table of what was rejected from it (PostgreSQL 14 or later), in
 * the order in which they must run; each may run again. They take no lock of any other table.
 */
export const CREATE_OUTBOX = [
  `CREATE TABLE IF NOT EXISTS ${OUTBOX_TABLE} (
     position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     entry      json        NOT NULL,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp()
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
  // Commits that notify wait for one another, so only those notify that must wake a relay.
  // What diff/mask.ts does, for what is inside JSON columns.
  `CREATE OR REPLACE FUNCTION audit_is_withheld(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
     SELECT lower(regexp_replace(name, '[^A-Za-z0-9]+', '', 'g')) ~ '${PARTS.join('|')}'
         OR lower(regexp_replace(name, '([a-z0-9])([A-Z])', '\\1 \\2', 'g')) ~ '(^|[^a-z0-9])(${WORDS.join('|')})([^a-z0-9]|$)'
   $$`,
  `CREATE OR REPLACE FUNCTION audit_withhold(value jsonb, names text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
   BEGIN
     IF jsonb_typeof(value) = 'object' THEN
       RETURN (SELECT coalesce(jsonb_object_agg(key, CASE
                 WHEN jsonb_typeof(inner_value) = 'null' THEN inner_value
                 WHEN key = ANY (names) OR audit_is_withheld(key) THEN '"${WITHHELD}"'
                 ELSE audit_withhold(inner_value, names) END), '{}')
               FROM jsonb_each(value) AS member (key, inner_value));
     ELSIF jsonb_typeof(value) = 'array' THEN
       RETURN (SELECT coalesce(jsonb_agg(audit_withhold(item, names) ORDER BY place), '[]')
               FROM jsonb_array_elements(value) WITH ORDINALITY AS element (item, place));
     END IF;
     RETURN value;
   END $$`,
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
