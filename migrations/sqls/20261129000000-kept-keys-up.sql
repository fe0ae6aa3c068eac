-- The keys that have signed are not forgotten: by them it is told which checkpoints outside of the database are the
-- service's own.

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

REVOKE ALL ON FUNCTION audit_refuse_forgetting() FROM PUBLIC;

RESET ROLE;
