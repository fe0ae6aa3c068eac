-- Whoever streams entries as they come asks several times a second how far the trees are that somebody follows: by one
-- statement for all of them. Of entries the writer, whom alone it answers, can read none.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

-- The number of leaves of each of these tenants' trees; a tenant without a tree is left out.
CREATE FUNCTION audit_tree_sizes(tenants text[]) RETURNS TABLE (tenant text, leaves bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tenant_id, size FROM audit_trees WHERE tenant_id = ANY (tenants);
$$;

REVOKE ALL ON FUNCTION audit_tree_sizes(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_tree_sizes(text[]) TO audit_writer;

RESET ROLE;
