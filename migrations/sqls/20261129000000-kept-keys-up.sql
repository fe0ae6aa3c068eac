-- The keys that have signed are not forgotten: by them it is told which checkpoints outside of the database are the
-- service's own. Trees that are smaller than what was signed of them are found.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SET LOCAL ROLE audit_owner;

-- Only the last use of a key changes, and only audit_use_keys changes it.
CREATE FUNCTION audit_refuse_forgetting() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_user = 'audit_owner'
     AND (NEW.verifier_key, NEW.first_used) = (OLD.verifier_key, OLD.first_used) AND NEW.last_used >= OLD.last_used THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'keys that have signed are not forgotten: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_keys_used BEFORE UPDATE OR DELETE ON audit_keys
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_forgetting();
CREATE TRIGGER audit_keys_kept BEFORE TRUNCATE ON audit_keys
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_forgetting();

-- Tenants whose tree has another size than was signed of it last: larger where it has grown, smaller where somebody has
-- changed it past the triggers. One look at the primary key of audit_checkpoints for each.
CREATE OR REPLACE FUNCTION audit_unsigned_trees() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT tree.tenant_id FROM audit_trees tree
   WHERE tree.size <> coalesce((SELECT max(size) FROM audit_checkpoints signed WHERE signed.tenant_id = tree.tenant_id), 0);
$$;

REVOKE ALL ON FUNCTION audit_refuse_forgetting() FROM PUBLIC;

RESET ROLE;
