SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP TRIGGER audit_checkpoints_signed ON audit_checkpoints;
DROP TRIGGER audit_checkpoints_kept ON audit_checkpoints;
CREATE TRIGGER audit_checkpoints_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_shrinking();
DROP FUNCTION audit_refuse_resigning();
DROP FUNCTION audit_thin_checkpoints(text);
DROP FUNCTION audit_may_thin(timestamptz, timestamptz);
DROP FUNCTION audit_cosign(text, bigint, text, text);
DROP FUNCTION audit_signers(text);
DROP FUNCTION audit_unsigned_trees();
DROP FUNCTION audit_use_keys(text[]);
DROP TABLE audit_keys;

RESET ROLE;
