SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP FUNCTION audit_tree_sizes(text[]);

RESET ROLE;
