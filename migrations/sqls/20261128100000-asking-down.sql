SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP VIEW audit_entries;
COMMENT ON INDEX audit_logs_pkey IS NULL;
COMMENT ON INDEX audit_logs_id IS NULL;
COMMENT ON INDEX audit_logs_actor IS NULL;
COMMENT ON INDEX audit_logs_entity IS NULL;
COMMENT ON INDEX audit_logs_failures IS NULL;
COMMENT ON INDEX audit_logs_data_subject IS NULL;
COMMENT ON INDEX audit_logs_leaf IS NULL;
DROP INDEX audit_logs_content;
DROP INDEX audit_logs_severe;
DROP INDEX audit_logs_behalf;
DROP INDEX audit_logs_request;
DROP INDEX audit_logs_ip;
DROP INDEX audit_logs_action;
CREATE INDEX audit_logs_action ON audit_logs (tenant_id, action, acted_at);
DROP FUNCTION audit_words(text, text, text, text, text, jsonb);

RESET ROLE;

-- Another schema of the database may need it too.
DO $extension$
BEGIN
  DROP EXTENSION btree_gin;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
  NULL;
END
$extension$;
