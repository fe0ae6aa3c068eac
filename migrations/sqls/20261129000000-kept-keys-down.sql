SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP TRIGGER audit_keys_kept ON audit_keys;
DROP TRIGGER audit_keys_used ON audit_keys;
DROP FUNCTION audit_refuse_forgetting();

RESET ROLE;
