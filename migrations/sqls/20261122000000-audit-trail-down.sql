-- Takes the trail away, entries included. The three roles stay: they belong to the cluster, not to this
-- database, and another database may use them.
DROP FUNCTION audit_content_hash(audit_logs);
DROP TABLE archived_entries, audit_logs, audit_trees, audit_tiles, audit_checkpoints, mapping_logs, jobs, audit_cursor_key;
DROP FUNCTION audit_refuse_change();
DROP FUNCTION audit_refuse_shrinking();
DROP FUNCTION audit_refuse_unfinished();
DROP FUNCTION audit_ensure_partition(timestamptz);
DROP FUNCTION audit_record_archive(uuid, text, text, jsonb, text, bigint, timestamptz, timestamptz, bigint, bigint, bigint, text, text);
DROP FUNCTION audit_remove_archived(uuid, text, timestamptz[], uuid[]);
DROP FUNCTION audit_finish_archive(uuid, text);
DO $schema$
BEGIN
  EXECUTE format('REVOKE USAGE, CREATE ON SCHEMA %I FROM audit_owner', current_schema());
  EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM audit_writer, audit_reader', current_schema());
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM audit_reader', current_database());
END
$schema$;
