SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP FUNCTION audit_undetected_trees(uuid[]);
DROP TABLE alerts;
DROP TABLE detection_progress;
DROP TABLE detection_rules;
DROP INDEX audit_logs_leaf;

RESET ROLE;
