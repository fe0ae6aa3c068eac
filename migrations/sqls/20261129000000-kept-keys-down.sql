SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

DROP TRIGGER audit_keys_kept ON audit_keys;
DROP TRIGGER audit_keys_used ON audit_keys;
DROP FUNCTION audit_refuse_forgetting();
CREATE OR REPLACE FUNCTION audit_unsigned_trees() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size > coalesce((SELECT max(size) FROM audit_checkpoints signed WHERE signed.tenant_id = tree.tenant_id), 0);
$$;

RESET ROLE;
