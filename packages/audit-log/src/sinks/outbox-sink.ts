import type {juggler} from '@loopback/repository';
import type {AuditSink} from './audit-sink';

export const OUTBOX_TABLE = 'audit_outbox';

/** The statements that make the outbox, in the order in which they must run; each may run again. */
export const CREATE_OUTBOX = [
  `CREATE TABLE IF NOT EXISTS ${OUTBOX_TABLE} (
     position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     entry      json        NOT NULL,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp()
   )`,
  `CREATE OR REPLACE FUNCTION audit_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN PERFORM pg_notify('audit_outbox', ''); RETURN NULL; END $$`,
  `CREATE OR REPLACE TRIGGER audit_outbox_notify AFTER INSERT ON ${OUTBOX_TABLE}
     FOR EACH STATEMENT EXECUTE FUNCTION audit_outbox_notify()`,
] as const;

/** Makes the outbox on a datasource of `loopback-connector-postgresql` (PostgreSQL 14 or later). */
export async function createOutbox(dataSource: juggler.DataSource): Promise<void> {
  for (const statement of CREATE_OUTBOX) await dataSource.execute(statement);
}

/**
 * Entries into the outbox beside the entities, in the transaction that changes them: both are committed or
 * neither is. No lock of the audit trail is taken; a relay moves the entries on.
 */
export const outboxSink: AuditSink = {
  async deliver(entries, {dataSource, transaction}) {
    if (!dataSource || !transaction) throw new Error('The outbox needs the transaction of the change.');
    await dataSource.execute(
      `INSERT INTO ${OUTBOX_TABLE} (entry) SELECT entry FROM json_array_elements($1::json) AS entry`,
      [JSON.stringify(entries)],
      {transaction},
    );
  },
};
